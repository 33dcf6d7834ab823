//! One day.

use domain::case::CaseNumber;
use domain::session::Outcome;
use domain::units::StaffId;
use intake::{Database, Metrics, Mode, Place, Service, Way, import};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::testing::{
    Draw, FailingDisk, NOW_MS, Promise, Promises, Tally, Trouble, World, case, closure, enrolment, exemption,
};
use store::{Action, Event, FileKey, Outbox, Queued, ReceiptKeys, Rotation};

/// Things that happen in a day.
const STEPS: u64 = 60;

/// Both keys are believed for so long: an hour.
const OVERLAP_MS: i64 = 3600 * 1000;

/// Travellers of a day at most: record names have one byte.
const TRAVELLERS: u8 = 200;

/// A whole day as it was.
pub(super) struct Day {
    pub tally: Tally,
    /// What happened, a line each: the first word says what.
    pub events: Vec<String>,
}

/// The station, its intake, and what lies between them.
struct Life {
    world: World,
    draw: Draw,
    disk: FailingDisk,
    outbox: Option<Outbox>,
    service: Service,
    now: Arc<AtomicI64>,
    promises: Promises,
    travellers: u8,
    day: Day,
    /// The station's clock differs from the true time by so many milliseconds.
    clock_off: i64,
    keys: u32,
}

impl Day {
    pub(super) async fn live(seed: u64) -> Result<Self, String> {
        let mut life = Life::new(seed).await?;
        for _ in 0..STEPS {
            life.now.fetch_add(60_000 + life.draw.below(600_000) as i64, Ordering::Relaxed);
            life.harm();
            life.step().await?;
            if life.outbox.as_ref().is_some_and(|outbox| outbox.poisoned().is_some()) {
                life.say("closed");
                life.restart();
            }
        }
        life.end().await?;
        Ok(life.day)
    }
}

impl Life {
    async fn new(seed: u64) -> Result<Self, String> {
        let world = World::new();
        let database = Database::open(&Place::Sqlite(world.dir.path().join("intake.sqlite"))).await;
        let database = database.map_err(|fault| fault.to_string())?;
        database.register("S1", world.key.public(), NOW_MS).await.map_err(|fault| fault.to_string())?;
        let now = Arc::new(AtomicI64::new(NOW_MS));
        let clock = Arc::clone(&now);
        let service = Service {
            turns: Default::default(),
            database,
            receipts: FileKey::load(&world.dir.path().join("receipt.key")).map_err(|fault| fault.to_string())?.into(),
            authorities: BTreeSet::from([world.authority.public().id().to_owned()]),
            mode: Mode::Demonstration,
            metrics: Metrics::default(),
            issuer: None,
            clock: Arc::new(move || clock.load(Ordering::Relaxed)),
        };
        let mut life = Self {
            world,
            draw: Draw::new(seed),
            disk: FailingDisk::default(),
            outbox: None,
            service,
            now,
            promises: Promises::default(),
            travellers: 0,
            day: Day { tally: Tally::default(), events: Vec::new() },
            clock_off: 0,
            keys: 1,
        };
        life.start();
        Ok(life)
    }

    fn say(&mut self, event: impl Into<String>) {
        self.day.events.push(event.into());
    }

    fn station_ms(&self) -> i64 {
        self.now.load(Ordering::Relaxed) + self.clock_off
    }

    /// Trouble of the disk at one of the next calls, or less room.
    fn harm(&mut self) {
        let (draw, next) = (&mut self.draw, self.disk.calls());
        match draw.below(30) {
            0..3 => self.disk.leave_free(draw.of(&[0, 100, 2_000, 300 << 10])),
            3..6 => self.disk.without_end(),
            6..8 => self.disk.trouble_at(next + draw.below(8) as usize, Trouble::Full),
            8 => self.disk.trouble_at(next + draw.below(8) as usize, Trouble::Fails),
            9 => self.disk.unreadable_after(draw.below(8) as usize),
            10..12 => self.disk.trouble_at(next + draw.below(8) as usize, draw.of(&Trouble::CUTS)),
            _ => {}
        }
    }

    async fn step(&mut self) -> Result<(), String> {
        match self.draw.below(20) {
            0..8 => self.traveller(),
            8..14 => self.upload().await?,
            14 => self.rotate().await?,
            15 => self.carry().await?,
            16 => {
                self.clock_off = self.draw.of(&[0, 0, -86_400_000, 3_600_000, 86_400_000 * 400]);
                self.say(format!("clock {}", self.clock_off));
            }
            17 => {
                self.say("killed");
                self.restart();
            }
            _ => self.note(Action::LoggedIn),
        }
        Ok(())
    }

    fn note(&mut self, what: Action) {
        let event = Event { at_ms: self.station_ms(), who: StaffId("anna".into()), what, case: None, reason: None };
        let noted = self.outbox.as_mut().map(|outbox| outbox.note(&event));
        match noted {
            Some(Ok(())) => self.promises.take(Promise::Noted),
            Some(Err(store::StoreFault::NoSpace)) => self.promises.take(Promise::Owed),
            _ => {}
        }
        self.say(format!("note {}", matches!(noted, Some(Ok(())))));
    }

    /// One traveller from the desk to the disk, as far as the disk goes along.
    fn traveller(&mut self) {
        if self.travellers >= TRAVELLERS {
            return;
        }
        self.travellers += 1;
        let (n, kind, now) = (self.travellers, self.draw.below(5), self.station_ms());
        let Some(outbox) = self.outbox.as_mut() else { return };
        if outbox.case_opened(&case(n), &StaffId("officer-1".into())).is_err() {
            return self.say(format!("turned-away {n}"));
        }
        self.promises.take(Promise::Opened(case(n)));
        self.promises.take(Promise::Ending(case(n)));
        let draft = match kind {
            0 => {
                if outbox.case_closed(&case(n), Outcome::Cancelled).is_ok() {
                    self.promises.take(Promise::Ended(case(n)));
                }
                return self.say(format!("closed-case {n}"));
            }
            1 => exemption(n),
            2 => enrolment(n, 3000),
            _ => closure(n),
        };
        let mut at = outbox.position(now, store::testing::BOOT);
        at.clock_jumped = self.clock_off != 0;
        let Ok(Ok(record)) = draft.seal(&self.world.sealer).map(|sealed| sealed.sign(&self.world.key, at)) else {
            return self.day.tally.lose(format!("record of traveller {n} cannot be sealed"));
        };
        let kept = outbox.append(record).map(|receipt| (receipt.sequence(), receipt.record()));
        if let Ok((sequence, record)) = kept {
            self.promises.take(Promise::Queued(sequence, record));
            self.promises.take(Promise::Ended(case(n)));
        }
        self.say(format!("kept {n} {:?}", kept.ok().map(|(sequence, _)| sequence)));
    }

    /// Sends what waits over a network that loses, repeats and reorders.
    async fn upload(&mut self) -> Result<(), String> {
        let Some(Ok(waiting)) = self.outbox.as_mut().map(|outbox| outbox.pending(8)) else { return Ok(()) };
        for (at, queued) in waiting.iter().enumerate() {
            let fault = self.draw.below(16);
            if fault == 0 {
                self.say(format!("lost-request {}", queued.sequence));
                return Ok(());
            }
            if let (1, Some(next)) = (fault, waiting.get(at + 1)) {
                let refused = match self.read(next) {
                    Some(bytes) => self.service.accept(&bytes, Way::Medium).await.is_err(),
                    None => return Ok(()),
                };
                self.say(format!("reordered {} {refused}", next.sequence));
            }
            let Some(bytes) = self.read(queued) else { return Ok(()) };
            let accepted = match self.service.accept(&bytes, Way::Medium).await {
                Ok(accepted) => accepted,
                Err(refusal) => {
                    let code = refusal.code();
                    self.say(format!("refused {} {code}", queued.sequence));
                    self.day.tally.lose(format!("record {} is refused: {code} {refusal}", queued.sequence));
                    return Ok(());
                }
            };
            match fault {
                2 => {
                    let again =
                        self.service.accept(&bytes, Way::Medium).await.map_err(|refusal| refusal.to_string())?;
                    self.say(format!("repeated {}", queued.sequence));
                    if again.is_new || again.receipt != accepted.receipt {
                        self.day.tally.double(format!("record {} at the intake", queued.sequence));
                    }
                }
                3..6 => {
                    self.say(format!("lost-answer {}", queued.sequence));
                    return Ok(());
                }
                6 => self.forged(queued, &accepted.receipt),
                _ => {}
            }
            self.acknowledge(queued.sequence, &accepted.receipt);
        }
        Ok(())
    }

    fn read(&mut self, queued: &Queued) -> Option<Vec<u8>> {
        match self.outbox.as_mut()?.read(queued.sequence) {
            Ok(bytes) => Some(bytes),
            Err(store::ReadFault::Damaged(sequence)) => {
                self.day.tally.garble(format!("record {sequence}"));
                None
            }
            Err(_) => None,
        }
    }

    fn acknowledge(&mut self, sequence: u64, receipt: &[u8]) {
        let Some(outbox) = self.outbox.as_mut() else { return };
        let taken = outbox.acknowledge(receipt, self.world.intake.public()).is_ok();
        if taken {
            self.promises.take(Promise::Acknowledged(sequence));
        }
        self.say(format!("acknowledged {sequence} {taken}"));
    }

    /// Receipts that are none erase nothing.
    fn forged(&mut self, queued: &Queued, receipt: &[u8]) {
        let mut touched = receipt.to_vec();
        let at = self.draw.below(touched.len() as u64) as usize;
        touched[at] ^= 1 << self.draw.below(8);
        let Some(outbox) = self.outbox.as_mut() else { return };
        let taken = outbox.acknowledge(&touched, self.world.intake.public()).is_ok();
        self.say(format!("forged {} {taken}", queued.sequence));
        if taken {
            self.day.tally.lose(format!("the body of record {}, to a receipt that is none", queued.sequence));
        }
    }

    /// The next key takes over; the intake hears of it before it sees a record by it.
    async fn rotate(&mut self) -> Result<(), String> {
        let path = self.world.dir.path().join(format!("station-{}.key", self.keys + 1));
        let next = FileKey::create(&path).map_err(|fault| fault.to_string())?;
        let time_ms = self.now.load(Ordering::Relaxed);
        let rotation = Rotation {
            station: self.world.station.clone(),
            old: self.world.key.public().id().to_owned(),
            new: next.public().clone(),
            time_ms,
            overlap_until_ms: time_ms + OVERLAP_MS * 24,
        };
        let statement = rotation.sign(&self.world.key).map_err(|fault| fault.to_string())?;
        self.service.rotate(&statement, Way::Medium).await.map_err(|refusal| refusal.to_string())?;
        self.world.key = next;
        self.keys += 1;
        self.say(format!("rotated {}", self.keys));
        self.note(Action::KeyRotated);
        Ok(())
    }

    /// A medium goes to the intake and back.
    async fn carry(&mut self) -> Result<(), String> {
        let medium = self.world.dir.path().join("medium");
        let Some(Ok(exported)) = self.outbox.as_mut().map(|outbox| outbox.export(&medium)) else { return Ok(()) };
        let imported = import(&self.service, &medium).await.map_err(|fault| fault.to_string())?;
        for (file, why) in &imported.refused {
            self.day.tally.lose(format!("{file} is refused on the medium: {why}"));
        }
        // A medium may be lost on its way back: then everything is sent again.
        let back = self.draw.below(3) > 0;
        if let (true, Some(outbox)) = (back, self.outbox.as_mut())
            && let Ok(receipts) =
                outbox.acknowledge_from(&medium, &ReceiptKeys::new(self.world.intake.public().clone()), NOW_MS)
        {
            receipts.acknowledged.iter().for_each(|sequence| self.promises.take(Promise::Acknowledged(*sequence)));
        }
        self.say(format!("carried {} {} {back}", exported.records.len(), imported.new));
        std::fs::remove_dir_all(&medium).map_err(|error| error.to_string())
    }

    /// The program ends, by a kill or with the power, and is started again until it stays up.
    fn restart(&mut self) {
        self.outbox = None;
        let power = self.draw.below(2) == 0;
        // What was held in memory is gone with it, and was never promised.
        let files = if power { self.disk.after_cut_of(self.draw.bits()) } else { self.disk.files() };
        self.disk = FailingDisk::with(files, None);
        self.say(format!("restart {power}"));
        self.start();
    }

    fn start(&mut self) {
        if self.draw.below(4) == 0 {
            let cut = (self.draw.below(8) as usize, self.draw.of(&Trouble::CUTS));
            let disk = FailingDisk::with(self.disk.files(), Some(cut));
            let died = store::testing::open(&self.world, &disk).is_err();
            self.disk = FailingDisk::with(disk.after_cut_of(self.draw.bits()), None);
            self.say(format!("died-at-start {died}"));
        }
        match store::testing::open(&self.world, &self.disk) {
            Ok((mut outbox, report)) => {
                report.quarantined.iter().for_each(|sequence| self.day.tally.garble(format!("record {sequence}")));
                for case in &report.interrupted {
                    self.interrupted(&mut outbox, case);
                }
                let lines = outbox.audit_head().lines;
                if lines < self.promises.noted {
                    self.day.tally.lose(format!("{lines} lines of the trail of {}", self.promises.noted));
                }
                // Lines that were on the disk before anybody was told are promised from now on.
                (self.promises.noted, self.promises.owed) = (lines, 0);
                self.say(format!("opened {} {}", outbox.stats().records, outbox.stats().pending));
                self.outbox = Some(outbox);
            }
            Err(fault) => self.day.tally.garble(format!("the store does not open: {fault}")),
        }
    }

    fn interrupted(&mut self, outbox: &mut Outbox, case: &CaseNumber) {
        if self.promises.ended.contains(case) {
            self.day.tally.double(format!("{case} has ended and is shown as interrupted"));
        }
        if outbox.case_closed(case, Outcome::Interrupted).is_ok() {
            self.promises.take(Promise::Ended(case.clone()));
        }
    }

    /// All trouble is over: everything arrives, once.
    async fn end(&mut self) -> Result<(), String> {
        self.restart();
        self.disk.without_end();
        let Some(outbox) = self.outbox.as_mut() else { return Ok(()) };
        let waiting = outbox.pending(10_000).map_err(|fault| fault.to_string())?;
        for queued in waiting {
            let Some(bytes) = self.read(&queued) else { continue };
            match self.service.accept(&bytes, Way::Medium).await {
                Ok(accepted) => self.acknowledge(queued.sequence, &accepted.receipt),
                Err(refusal) => self.day.tally.lose(format!("record {} is refused: {refusal}", queued.sequence)),
            }
        }
        let listed = self.service.database.list(("", 0), 10_000).await.map_err(|fault| fault.to_string())?;
        let stats = self.outbox.as_ref().map(|outbox| outbox.stats()).unwrap_or_default();
        if stats.pending > 0 {
            self.day.tally.lose(format!("{} records still wait", stats.pending));
        }
        if listed.len() as u64 != stats.records {
            self.day.tally.lose(format!("{} records at the intake of {}", listed.len(), stats.records));
        }
        let names: BTreeSet<&str> = listed.iter().map(|record| record.record.as_str()).collect();
        if names.len() < listed.len() {
            self.day.tally.double("a record at the intake");
        }
        for (sequence, record) in &self.promises.queued {
            if !names.contains(record.to_string().as_str()) {
                self.day.tally.lose(format!("record {sequence}"));
            }
        }
        self.say(format!("end {} {} {}", stats.records, listed.len(), self.travellers));
        self.service.database.close().await;
        Ok(())
    }
}
