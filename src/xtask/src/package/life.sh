# In a clean Debian without a network, after the packages of /soak/old were installed: sets station and intake up as
# administrator.md says, enrols travellers, upgrades to /soak/new, enrols again, removes and purges. No systemd runs here: the
# programs are started by the ExecStart lines of their units, as the units' accounts, without capabilities or new privileges,
# with the units' limits, and under a watch that notes every system call which the units' filters refuse. Each driver has an
# account of its own, and is started by systemd's own listener when the station connects to its socket.
# Words: travellers of each of the three parts, seed.
travellers=$1
seed=$2
out=/soak/out
mkdir -p "$out" /run/credentials/gatepost /run/gatepost-sim /run/gatepost-drivers
install --directory --mode=1777 /run/calls
store=/var/lib/gatepost

say() { echo "- $*"; }
fail() { echo "FAILED: $*"; tail -n 20 "$out"/*.log; exit 1; }

# Looks again and again, for two minutes at most.
wait_until() {
    what=$1
    shift
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "$what did not happen"
        sleep 0.2
    done
}

# What every unit takes away, and what else comes before its program.
walls="prlimit --core=0 -- setpriv --no-new-privs --bounding-set=-all --inh-caps=-all"
bare="env -i PATH=/usr/bin:/bin HOME=/"
watch="strace -f --seccomp-bpf -qq -e signal=none"

# Runs a program as the account of a unit.
as() {
    account=$1
    shift
    $walls --reuid "$account" --regid "$account" --init-groups $bare CREDENTIALS_DIRECTORY=/run/credentials/"$account" "$@"
}

# The calls of a group of systemd, and of the groups in it.
calls() {
    systemd-analyze syscall-filter "$1" | sed -n 's/^ \{4\}//p' | grep -v '^#' | while read -r name; do
        case $name in @*) calls "$name" ;; *) echo "$name" ;; esac
    done
}

# What the filter of a unit lets through, as strace takes it.
allowed() {
    filters=$(sed -n 's/^SystemCallFilter=//p' "/lib/systemd/system/$1.service")
    { echo "$filters" | grep -v '^~' | tr ' ' '\n' | while read -r group; do calls "$group"; done; calls @default; } |
        sort -u > "/tmp/$1.yes"
    echo "$filters" | sed -n 's/^~//p' | tr ' ' '\n' | while read -r group; do calls "$group"; done | sort -u > "/tmp/$1.no"
    comm -23 "/tmp/$1.yes" "/tmp/$1.no" | sed 's/^/?/' | paste -sd ,
}

# Starts a unit's program; its number is in $started.
start() {
    unit=$1
    account=$(sed -n 's/^User=//p' "/lib/systemd/system/$unit.service")
    line=$(sed -n 's/^ExecStart=//p' "/lib/systemd/system/$unit.service")
    # shellcheck disable=SC2086 # its words are words
    as "$account" $watch -e "trace=!$(allowed "$unit")" -o "/var/lib/$unit/calls" $line \
        >> "$out/$unit.log" 2>&1 &
    started=$!
}

# Listens for the drivers as their socket units do; the numbers of the listeners are in $listeners. A connection starts the
# unit's program as the next of systemd's accounts of the moment, with the groups that the unit names.
start_drivers() {
    listeners=
    account=61184
    for socket in /lib/systemd/system/gatepost-driver-*.socket; do
        driver=$(basename "$socket" .socket)
        service=/lib/systemd/system/$driver@.service
        group=$(sed -n 's/^SupplementaryGroups=//p' "$service")
        groups=${group:+--groups $group}
        cat > "/tmp/$driver" << END
#!/bin/sh
exec $walls --reuid $account --regid $account ${groups:---clear-groups} $bare \
    $watch -e "trace=!$(allowed "$driver@")" -o /run/calls/$driver.\$\$ \
    $(sed -n 's/^ExecStart=//p' "$service") > /dev/null 2>> $out/$driver.log
END
        chmod 755 "/tmp/$driver"
        path=$(sed -n 's/^ListenSequentialPacket=//p' "$socket")
        rm -f "$path"
        systemd-socket-activate --accept --inetd --seqpacket --listen="$path" "/tmp/$driver" > "$out/listener-$driver.log" 2>&1 &
        listeners="$listeners $!"
        wait_until "the socket of $driver" [ -S "$path" ]
        chown "$(sed -n 's/^SocketUser=//p' "$socket"):$(sed -n 's/^SocketGroup=//p' "$socket")" "$path"
        chmod "$(sed -n 's/^SocketMode=//p' "$socket")" "$path"
        account=$((account + 1))
    done
}
stop_drivers() {
    wait_until "the end of the drivers" no_driver
    # shellcheck disable=SC2086 # numbers
    kill $listeners
    sed '/<detached \.\.\.>/d' /run/calls/* >> "$out/drivers.calls"
    rm /run/calls/*
}
no_driver() { ! pgrep --exact gatepost-driver > /dev/null; }
# Three devices, three drivers, three accounts, and none of them the station's.
walled_off() {
    ps -C gatepost-driver -o uid= | sort -u > "$out/accounts"
    [ "$(wc -l < "$out/accounts")" = 3 ] && [ "$(sort -n "$out/accounts" | head -n 1)" -ge 61184 ] || fail "the drivers' accounts"
    ! id -nG gatepost | grep -q gatepost-devices || fail "the station's account has the devices' group"
}

# Asks the program, not the watch, to end.
stop() {
    pkill -TERM --exact "$1" || true
    wait "$2" || fail "$1 ended with $?"
    # A thread that the end of its program took from the watch has made no call.
    sed '/<detached \.\.\.>/d' "/var/lib/$1/calls" >> "$out/$1.calls"
    rm "/var/lib/$1/calls"
}

health() {
    bash -c 'exec 3<>/dev/tcp/127.0.0.1/8600 &&
        printf "GET /health HTTP/1.1\r\nHost: localhost:8600\r\nConnection: close\r\n\r\n" >&3 && cat <&3' 2> /dev/null
}
healthy() { health | grep -q '"queued":'; }
nothing_queued() { health | grep -q '"queued":0,'; }

start_intake() {
    : > "$out/gatepost-intake.log"
    start gatepost-intake
    intake=$started
    wait_until "the intake's start" grep -q '^ready' "$out/gatepost-intake.log"
}
start_station() {
    start_drivers
    start gatepost
    station=$started
    wait_until "the station's start" healthy
}
stop_station() {
    stop gatepost "$station"
    stop_drivers
}
enabled() { find /etc/systemd/system/sockets.target.wants -name 'gatepost-driver-*.socket' 2> /dev/null | wc -l; }
shift_of() {
    as gatepost gatepost-sim shift --control /run/gatepost-sim/control.sock --travellers "$travellers" --seed "$1" \
        --report /tmp/report.json --officer anna:2468 --supervisor boris:1357 > "$out/shift-$1.log" 2>&1
}
enrol() { shift_of "$1" || fail "the shift"; }
# Nothing may be unexpected but that no receipt comes.
enrol_without_intake() {
    shift_of "$1" && fail "receipts came from an intake that is away"
    grep -q "travellers, .* unexpected" "$out/shift-$1.log" || fail "the shift"
    if grep '^ *! ' "$out/shift-$1.log" | grep -v -e "the intake's receipt" -e "has not acknowledged"; then fail "the shift"; fi
}
verified() { as gatepost gatepost store verify --data "$store" > "$out/$1" || fail "the store after $1"; }
digest() { find "$store" -type f ! -name calls -exec sha256sum {} + | sort | sha256sum; }

say "set up"
pg_ctlcluster 15 main start
sed -i 's/^mode = .*/mode = "demonstration"/' /etc/gatepost-intake/intake.toml
/usr/libexec/gatepost-intake/make-database > "$out/database.log" 2>&1 || fail "the data base"
/usr/libexec/gatepost-intake/make-database >> "$out/database.log" 2>&1 || fail "the data base, made a second time"
cp /usr/share/gatepost-sim/station.toml /etc/gatepost/station.toml
chown gatepost: /run/gatepost-sim
# What udev does for serial lines: whoever is of the devices' group may open them.
mount -o "remount,mode=0660,gid=$(getent group gatepost-devices | cut -d : -f 3)" /dev/pts
[ "$(enabled)" = "$(find /lib/systemd/system -name 'gatepost-driver-*.socket' | wc -l)" ] || fail "the drivers' sockets are not enabled"
od -An -tx1 -N16 /dev/urandom | tr -d ' ' > /run/credentials/gatepost/gatepost-passphrase
chown -R gatepost: /run/credentials/gatepost
chmod 700 /run/credentials/gatepost
chmod 600 /run/credentials/gatepost/gatepost-passphrase
as gatepost gatepost init --config /etc/gatepost/station.toml --data "$store" --person officer:anna:2468 \
    --person supervisor:boris:1357 > "$out/init.log" 2>&1 || fail "init"
start_intake
as gatepost-intake gatepost-intake invite --data /var/lib/gatepost-intake --station S1 > /tmp/invited 2> /dev/null || fail "the invitation"
sed -n 's/^code //p' /tmp/invited > /tmp/code
chown gatepost: /tmp/code
as gatepost gatepost provision --config /etc/gatepost/station.toml --data "$store" --intake https://localhost:8621 \
    --authority "$(sed -n 's/^authority //p' /tmp/invited)" --code-file /tmp/code > "$out/provision.log" 2>&1 || fail "provision"
as gatepost gatepost-sim serve --dir /run/gatepost-sim --sbi 8630 --seed "$seed" > "$out/devices.log" 2>&1 &
wait_until "the simulator's start" grep -q '^ready' "$out/devices.log"

say "enrol with the first version"
start_station
enrol "$seed"
walled_off
wait_until "the arrival of the records" nothing_queued

say "enrol while the intake is away, and upgrade"
stop gatepost-intake "$intake"
enrol_without_intake $((seed + 1))
stop_station
verified before-upgrade.json
before=$(digest)
cp /etc/gatepost/station.toml /tmp/station.toml
dpkg --install /soak/new/gatepost_*.deb /soak/new/gatepost-intake_*.deb /soak/new/gatepost-sim_*.deb > "$out/upgrade.log" 2>&1 ||
    fail "the upgrade"
cmp /etc/gatepost/station.toml /tmp/station.toml || fail "the administrator's configuration was not left alone"
[ "$(digest)" = "$before" ] || fail "the upgrade changed the store"
verified after-upgrade.json
start_intake
start_station
wait_until "the arrival of what waited" nothing_queued

say "enrol with the second version"
enrol $((seed + 2))
wait_until "the arrival of the records" nothing_queued
as gatepost-intake gatepost-intake list --data /var/lib/gatepost-intake --json > "$out/list.jsonl" 2> /dev/null
as gatepost-intake gatepost-intake verify --data /var/lib/gatepost-intake > "$out/chains.txt" 2> /dev/null || fail "the intake's chains"
stop_station
stop gatepost-intake "$intake"
as gatepost gatepost store stats --data "$store" > "$out/stats.json"
verified at-the-end.json

say "remove and purge"
before=$(digest)
dpkg --remove gatepost-sim gatepost gatepost-intake > "$out/remove.log" 2>&1 || fail "the removal"
[ ! -e /usr/bin/gatepost ] || fail "a program was left behind"
[ -e /etc/gatepost/station.toml ] || fail "the configuration went with the program"
dpkg --purge gatepost-sim gatepost gatepost-intake > "$out/purge.log" 2>&1 || fail "the purge"
[ ! -e /etc/gatepost/station.toml ] || fail "the configuration outlived the purge"
[ "$(digest)" = "$before" ] || fail "the purge touched the store"
[ "$(enabled)" = 0 ] || fail "sockets outlived the purge"
[ -s /var/lib/gatepost-intake/authority.key ] || fail "the purge took the authority's key"
dpkg --install /soak/new/gatepost_*.deb > "$out/again.log" 2>&1 || fail "the installation after the purge"
verified after-purge.json
[ "$(enabled)" -gt 0 ] || fail "the drivers' sockets did not come back"

[ ! -s "$out/gatepost.calls" ] && [ ! -s "$out/gatepost-intake.calls" ] && [ ! -s "$out/drivers.calls" ] || {
    cut -c 1-120 "$out"/*.calls | sort | uniq -c | sort -rn | head -n 20
    fail "a program makes a system call that its unit refuses"
}
pg_ctlcluster --mode fast 15 main stop
say "done"
