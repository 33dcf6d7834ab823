//! The little that a browser's user reads from a page: the form's secret, and a refusal.

/// The value of the hidden field (or meta tag) named `csrf`.
pub fn csrf(html: &str) -> Option<&str> {
    let tag = tags(html).find(|tag| attribute(tag, "name") == Some("csrf"))?;
    attribute(tag, "value").or_else(|| attribute(tag, "content"))
}

/// Code and text of the first `<p class="error" data-code="...">` of a page.
pub fn refusal(html: &str) -> Option<(&str, String)> {
    let tag = tags(html).find(|tag| tag.starts_with("p ") && attribute(tag, "class") == Some("error"))?;
    let behind = &html[html.find(tag)? + tag.len()..];
    let text = behind.strip_prefix('>')?.split("</p>").next()?;
    Some((attribute(tag, "data-code").unwrap_or(""), plain(text)))
}

/// The insides of all tags.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag))
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    loop {
        let at = rest.find(name)?;
        let (before, behind) = (&rest[..at], &rest[at + name.len()..]);
        match behind.strip_prefix("=\"") {
            Some(value) if before.ends_with(char::is_whitespace) => return value.split('"').next(),
            _ => rest = behind,
        }
    }
}

/// Text without tags, entities spelled out, white space squeezed.
fn plain(html: &str) -> String {
    let mut text = String::new();
    for (at, piece) in html.split('<').enumerate() {
        text.push_str(if at == 0 { piece } else { piece.split_once('>').map_or("", |(_, behind)| behind) });
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    let text = text.replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_secret_is_found_wherever_it_stands() {
        for (html, secret) in [
            (r#"<form><input type="hidden" name="csrf" value="a1"></form>"#, Some("a1")),
            (r#"<input value="a1" name="csrf"/>"#, Some("a1")),
            (r#"<meta name="csrf" content="b2">"#, Some("b2")),
            (r#"<input name="pin" value="x"><input name="csrf">"#, None),
            ("", None),
        ] {
            assert_eq!(csrf(html), secret, "{html}");
        }
    }

    #[test]
    fn refusals_are_read() {
        let html = r#"<p>no</p><p class="error" data-code="U-05">Not <b>now</b>: press &quot;New&quot;</p>"#;
        assert_eq!(refusal(html), Some(("U-05", String::from("Not now: press \"New\""))));
        assert_eq!(refusal("<p class=\"quiet\">x</p>"), None);
    }

    proptest! {
        #[test]
        fn arbitrary_pages_never_panic(html in "[<>a-z =\"/&;é]{0,200}") {
            let _ = csrf(&html);
            let _ = refusal(&html);
        }
    }
}
