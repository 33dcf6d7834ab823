//! Which form of the metrics' text whoever asks for it takes. The programs write OpenMetrics; tools that do not ask for that
//! read Prometheus' older text, in which a counter is described by the name that its samples have.

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const OLDER: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type and the text of the answer to a request that accepts this, from a text of OpenMetrics.
pub fn scraped(accept: Option<&str>, text: String) -> (&'static str, String) {
    let accepts = accept.is_some_and(|accept| accept.to_ascii_lowercase().contains("application/openmetrics-text"));
    if accepts { (OPEN_METRICS, text) } else { (OLDER, older(&text)) }
}

/// The same metrics in the older text: no units, no end, and the whole names of counters.
fn older(text: &str) -> String {
    let counters: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut older = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let described = line.strip_prefix("# ").and_then(|rest| {
            let (word, rest) = rest.split_once(' ')?;
            let (name, rest) = rest.split_once(' ')?;
            counters.contains(&name).then(|| format!("# {word} {name}_total {rest}"))
        });
        older.push_str(described.as_deref().unwrap_or(line));
        older.push('\n');
    }
    older
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP a_cases Cases.\n# TYPE a_cases counter\na_cases_total{outcome=\"x\"} 2\n\
                        # HELP a_wait_seconds Time.\n# TYPE a_wait_seconds counter\n# UNIT a_wait_seconds seconds\n\
                        a_wait_seconds_total 1.5\n# HELP a_free_bytes Room.\n# TYPE a_free_bytes gauge\n\
                        # UNIT a_free_bytes bytes\na_free_bytes 7\n# EOF\n";

    #[test]
    fn who_asks_for_openmetrics_gets_it_as_it_is() {
        let asked = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(scraped(Some(asked), TEXT.to_owned()), (OPEN_METRICS, TEXT.to_owned()));
    }

    #[test]
    fn everybody_else_gets_the_older_text() {
        let wanted = "# HELP a_cases_total Cases.\n# TYPE a_cases_total counter\na_cases_total{outcome=\"x\"} 2\n\
                      # HELP a_wait_seconds_total Time.\n# TYPE a_wait_seconds_total counter\na_wait_seconds_total 1.5\n\
                      # HELP a_free_bytes Room.\n# TYPE a_free_bytes gauge\na_free_bytes 7\n";
        for accept in [None, Some("*/*"), Some("text/plain;version=0.0.4")] {
            assert_eq!(scraped(accept, TEXT.to_owned()), (OLDER, wanted.to_owned()), "{accept:?}");
        }
    }
}
