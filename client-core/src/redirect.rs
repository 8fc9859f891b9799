//! Whether a redirect is followed: one pure decision.
//!
//! HTTP libraries drop only the standard credentials when a redirect leads elsewhere; the three
//! products' token headers would follow it. So redirects are followed here or not at all.

use url::Url;

/// What to do about a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send the same request, body and token included, to this URL.
    Follow(Url),
    /// Tell the caller, for this reason.
    Refuse(String),
}

/// At most this many redirects are followed for one attempt.
pub const MOST: usize = 5;

/// Decides about an answer of `status` with the header `location`, to a request for `from`.
///
/// The method is kept for every status: none of the three products means a 301 or 302 to turn a
/// write into a read.
#[must_use]
pub fn decide(from: &Url, status: u16, location: Option<&str>, followed: usize) -> Step {
    let Some(location) = location else {
        return Step::Refuse(format!("the server redirected ({status}) without saying where"));
    };
    let Ok(to) = from.join(location) else {
        return Step::Refuse(format!("the server redirected ({status}) to something that is not a URL"));
    };
    if !matches!(to.scheme(), "http" | "https") {
        return Step::Refuse(format!("the server redirected to the scheme `{}`", to.scheme()));
    }
    if from.scheme() == "https" && to.scheme() == "http" {
        return Step::Refuse("the server redirected from https to http".to_owned());
    }
    if from.host() != to.host() {
        return Step::Refuse(format!(
            "the server redirected to another host, `{}`; use that address if it is trusted with the token",
            to.host_str().unwrap_or_default()
        ));
    }
    if followed >= MOST {
        return Step::Refuse(format!("the server redirected more than {MOST} times"));
    }
    Step::Follow(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_redirects_are_followed() {
        let cases = [
            ("http://h:1/v1/a", Some("/v1/b"), Some("http://h:1/v1/b")),
            ("http://h:1/v1/a", Some("http://h:2/v1/a?x=1"), Some("http://h:2/v1/a?x=1")),
            ("http://h/a", Some("https://h/a"), Some("https://h/a")),
            ("https://h/a", Some("http://h/a"), None),
            ("https://h/a", Some("https://evil/a"), None),
            ("https://h/a", Some("//evil/a"), None),
            ("https://h/a", Some("ftp://h/a"), None),
            ("https://h/a", None, None),
            ("https://h/a", Some("http://["), None),
        ];
        for (from, location, wanted) in cases {
            let step = decide(&Url::parse(from).unwrap(), 307, location, 0);
            match (step, wanted) {
                (Step::Follow(to), Some(wanted)) => assert_eq!(to.as_str(), wanted),
                (Step::Refuse(_), None) => {}
                (step, wanted) => panic!("{from} → {location:?}: {step:?}, wanted {wanted:?}"),
            }
        }
    }

    #[test]
    fn a_loop_ends() {
        let from = Url::parse("http://h/a").unwrap();
        assert!(matches!(decide(&from, 302, Some("/a"), MOST), Step::Refuse(_)));
    }
}
