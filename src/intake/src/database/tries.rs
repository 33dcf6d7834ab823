//! Trying a transaction again that another one has stood in the way of.

use std::time::Duration;

/// How often: as many as the copies that the tests let meet at one station's head. The pauses below come to 1.5 s at most.
const MOST: u32 = 12;

/// The first pause; each is twice as long as the one before, up to the longest. Of each a random part is left out, at most
/// half: transactions that met once would otherwise go on in step and meet at every try.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Serialisation failure and deadlock of PostgreSQL; busy, and busy with an old snapshot, of SQLite.
const PASSING: [&str; 4] = ["40001", "40P01", "5", "517"];

/// The tries of one transaction.
#[derive(Default)]
pub(super) struct Tries {
    done: u32,
}

impl Tries {
    /// Whether the transaction should be tried again; it has waited by then. Only one that has changed nothing is: the
    /// data base says itself that it took it back.
    pub(super) async fn again(&mut self, error: &sqlx::Error) -> bool {
        match self.next(error) {
            Some(pause) => {
                tokio::time::sleep(shortened(pause)).await;
                true
            }
            None => false,
        }
    }

    fn next(&mut self, error: &sqlx::Error) -> Option<Duration> {
        if self.done == MOST || !is_passing(error) {
            return None;
        }
        self.done += 1;
        Some(LONGEST_PAUSE.min(PAUSE * 2_u32.pow(self.done - 1)))
    }
}

/// Half to all of a pause. A system without random numbers gives all of it.
fn shortened(pause: Duration) -> Duration {
    let share = getrandom::u32().unwrap_or(u32::MAX);
    pause.mul_f64(0.5 + 0.5 * f64::from(share) / f64::from(u32::MAX))
}

fn is_passing(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| PASSING.contains(&code.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::error::{DatabaseError, ErrorKind};
    use std::borrow::Cow;
    use std::fmt;

    #[derive(Debug)]
    struct Code(&'static str);

    impl fmt::Display for Code {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Code {}

    impl DatabaseError for Code {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn what_passes_is_tried_a_few_times_and_the_rest_is_not() {
        let code = |code| sqlx::Error::Database(Box::new(Code(code)));
        let rows = [
            (code("40001"), MOST),
            (code("40P01"), MOST),
            (code("517"), MOST),
            (code("23505"), 0),
            (sqlx::Error::PoolTimedOut, 0),
        ];
        for (error, expected) in rows {
            let mut tries = Tries::default();
            let pauses: Vec<Duration> = std::iter::from_fn(|| tries.next(&error)).collect();
            assert_eq!(pauses.len(), expected as usize, "{error}");
            assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(2));
        }
    }

    #[test]
    fn transactions_that_met_go_out_of_step() {
        let pauses: Vec<Duration> = (0..32).map(|_| shortened(LONGEST_PAUSE)).collect();
        assert!(pauses.iter().all(|pause| (LONGEST_PAUSE / 2..=LONGEST_PAUSE).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
