# In a clean Debian, with the machine's network: installs the packages of /soak/old and what the soak itself needs.
# Nothing is started here; there is no systemd that could.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get -q update
apt-get -q install --yes --no-install-recommends postgresql procps strace \
    /soak/old/gatepost_*.deb /soak/old/gatepost-intake_*.deb /soak/old/gatepost-sim_*.deb
# A browser and a compositor would double the download: that they can be had is enough here.
apt-get -q install --simulate --no-install-recommends /soak/old/gatepost-kiosk_*.deb
# Every program that a unit names is there, and every word of it is known.
systemd-analyze verify --man=no /lib/systemd/system/gatepost.service /lib/systemd/system/gatepost-intake.service \
    /lib/systemd/system/gatepost-driver-*
