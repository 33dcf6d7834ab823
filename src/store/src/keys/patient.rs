//! A chip may take long, or never answer. It is asked on a thread of its own, so that whoever waits for it waits for so
//! long and no longer; what depends on it says so, and everything else goes on.

use super::{Signer, TpmFault, VerifyKey};
use crate::restored::{Counter, CounterFault, Standing};
use crate::sign::SignFault;
use std::io;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long one answer may take. Signing takes a TPM half a second at most; after a reset it makes its parent key again
/// and takes the station's in, for which slow ones need some seconds.
#[cfg(feature = "tpm")]
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The same for making a key and for taking it in the first time: less than the 90 seconds after which systemd takes a
/// service for one that does not start.
#[cfg(feature = "tpm")]
pub(super) const PATIENCE_AT_START: Duration = Duration::from_secs(60);

/// Questions that may wait for the chip at one time: of records, of connections, and of the end.
const MOST_WAITING: usize = 8;

/// A key in a chip.
pub struct PatientSigner {
    public: VerifyKey,
    aside: Aside<Box<dyn Signer>>,
}

/// A counter in a chip.
pub struct PatientCounter(Aside<Box<dyn Counter>>);

impl PatientSigner {
    /// This key, each signature of which may take so long. One that came too late is dropped, and until it has come
    /// nothing more is asked.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn new(signer: Box<dyn Signer>, patience: Duration) -> io::Result<Self> {
        Ok(Self { public: signer.public().clone(), aside: Aside::new(signer, patience)? })
    }
}

impl Signer for PatientSigner {
    fn public(&self) -> &VerifyKey {
        &self.public
    }

    fn es256(&self, bytes: &[u8]) -> Result<[u8; 64], SignFault> {
        let bytes = bytes.to_vec();
        let signed = self.aside.ask(move |signer| signer.es256(&bytes));
        signed.unwrap_or_else(|Silent| {
            tracing::error!(key = self.public.id(), "the chip that this key is in does not answer");
            Err(SignFault)
        })
    }

    fn rest(&self) {
        if self.aside.ask(|signer| signer.rest()) == Err(Silent) {
            tracing::error!(key = self.public.id(), "the chip that this key is in does not answer at the end");
        }
    }
}

impl PatientCounter {
    /// This counter, each answer of which may take so long.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn new(counter: Box<dyn Counter>, patience: Duration) -> io::Result<Self> {
        Aside::new(counter, patience).map(Self)
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut dyn Counter) -> Result<T, CounterFault> + Send + 'static,
    ) -> Result<T, CounterFault> {
        let answer = self.0.ask(move |counter| question(&mut **counter));
        answer.unwrap_or_else(|Silent| Err(CounterFault(TpmFault::Silent.to_string())))
    }
}

impl Counter for PatientCounter {
    fn read(&mut self) -> Result<Option<Standing>, CounterFault> {
        self.ask(|counter| counter.read())
    }

    fn make(&mut self) -> Result<Standing, CounterFault> {
        self.ask(|counter| counter.make())
    }

    /// A step that was given up may still be taken. The journal has noted it before, so that this is no old copy.
    fn step(&mut self) -> Result<(), CounterFault> {
        self.ask(|counter| counter.step())
    }
}

/// Does something that may never end, and waits for so long.
///
/// # Errors
/// [`TpmFault::Silent`] when it has not ended by then; what becomes of it is nobody's business any more.
#[cfg(any(test, feature = "tpm"))]
pub(super) fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> Result<T, super::KeyFault> + Send + 'static,
) -> Result<T, super::KeyFault> {
    let aside = Aside::new((), patience).map_err(TpmFault::NoThread)?;
    aside.ask(move |()| work()).unwrap_or_else(|Silent| Err(TpmFault::Silent.into()))
}

/// It did not answer in time, or has still not answered what it was asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Silent;

type Question<D> = Box<dyn FnOnce(&mut D) + Send>;

/// Something on a thread of its own. Dropping this waits until it is dropped there, as patiently as for an answer: a chip
/// may have room for one connection, and the next one comes at once.
struct Aside<D> {
    /// Nothing only while this is dropped.
    questions: Option<SyncSender<Question<D>>>,
    /// Ends with the thread.
    ended: Mutex<Receiver<()>>,
    /// Somebody has given up waiting, and no answer that nobody waits for has come since.
    silent: Arc<Mutex<bool>>,
    patience: Duration,
}

impl<D: Send + 'static> Aside<D> {
    fn new(mut device: D, patience: Duration) -> io::Result<Self> {
        let (questions, asked) = mpsc::sync_channel::<Question<D>>(MOST_WAITING);
        let (end, ended) = mpsc::channel();
        let answer = move || {
            asked.into_iter().for_each(|question| question(&mut device));
            drop(device);
            drop(end);
        };
        thread::Builder::new().name("chip".into()).spawn(answer)?;
        Ok(Self { questions: Some(questions), ended: Mutex::new(ended), silent: Arc::default(), patience })
    }

    fn ask<T: Send + 'static>(&self, question: impl FnOnce(&mut D) -> T + Send + 'static) -> Result<T, Silent> {
        if *lock(&self.silent) {
            return Err(Silent);
        }
        let (answer, answered) = mpsc::sync_channel(1);
        let silent = Arc::clone(&self.silent);
        let question = move |device: &mut D| {
            let found = question(device);
            let mut silent = lock(&silent);
            // Nobody waits any more: it has been given up, and it speaks again.
            if answer.send(found).is_err() {
                *silent = false;
            }
        };
        self.questions.as_ref().and_then(|questions| questions.try_send(Box::new(question)).ok()).ok_or(Silent)?;
        if let Ok(found) = answered.recv_timeout(self.patience) {
            return Ok(found);
        }
        // Under the lock, so that an answer comes either before the end of the patience or after it.
        let mut silent = lock(&self.silent);
        let found = answered.try_recv().map_err(|_| Silent);
        *silent = found.is_err();
        drop(answered);
        found
    }
}

impl<D> Drop for Aside<D> {
    fn drop(&mut self) {
        self.questions = None;
        if !*lock(&self.silent) {
            // An error says that the thread has ended, or that it takes too long to be waited for.
            let _ = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner).recv_timeout(self.patience);
        }
    }
}

fn lock(silent: &Mutex<bool>) -> std::sync::MutexGuard<'_, bool> {
    silent.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{FileKey, KeyFault};
    use std::sync::mpsc::Sender;

    /// Short, and what is tested waits for no time: a chip is silent until it is told to go on.
    const SHORT: Duration = Duration::from_millis(50);

    /// What a chip waits for before each answer.
    struct Chip(Mutex<Receiver<()>>, FileKey);

    impl Signer for Chip {
        fn public(&self) -> &VerifyKey {
            self.1.public()
        }

        fn es256(&self, bytes: &[u8]) -> Result<[u8; 64], SignFault> {
            self.0.lock().unwrap().recv().map_err(|_| SignFault)?;
            self.1.es256(bytes)
        }
    }

    fn chip(patience: Duration) -> (PatientSigner, Sender<()>) {
        let dir = tempfile::tempdir().unwrap();
        let (go_on, told) = mpsc::channel();
        let key = FileKey::create(&dir.path().join("key")).unwrap();
        (PatientSigner::new(Box::new(Chip(Mutex::new(told), key)), patience).unwrap(), go_on)
    }

    #[test]
    fn a_chip_that_answers_is_waited_for() {
        let (signer, go_on) = chip(Duration::from_secs(60));
        for _ in 0..3 {
            go_on.send(()).unwrap();
            assert!(signer.es256(b"words").is_ok());
        }
    }

    #[test]
    fn a_silent_chip_is_given_up_asked_no_more_and_used_again_when_it_speaks() {
        let (signer, go_on) = chip(SHORT);
        for _ in 0..50 {
            assert!(signer.es256(b"words").is_err(), "nobody told it to go on");
        }
        signer.rest();
        // The late answer of the only question that reached it goes nowhere; the next one is of what was asked then.
        go_on.send(()).unwrap();
        while *lock(&signer.aside.silent) {
            thread::yield_now();
        }
        let (bytes, mut signed) = (b"other words", Err(SignFault));
        // A slow machine may be too slow for so little patience.
        while signed.is_err() {
            go_on.send(()).unwrap();
            signed = signer.es256(bytes);
        }
        let signature = p256::ecdsa::Signature::from_slice(&signed.unwrap()).unwrap();
        p256::ecdsa::signature::Verifier::verify(signer.public().verifying_key(), bytes, &signature).unwrap();
    }

    #[test]
    fn what_never_ends_at_the_start_is_a_fault_with_a_sentence() {
        let (_go_on, told) = mpsc::channel::<()>();
        let opened = within(SHORT, move || told.recv().map_err(|_| KeyFault::Randomness));
        let fault = opened.unwrap_err().to_string();
        assert!(fault.contains("does not answer"), "{fault}");
        assert_eq!(within(Duration::from_secs(60), || Ok(7)).unwrap(), 7);
    }
}
