//! Request paths, built from encoded segments.
//!
//! A template names its arguments in braces. `{job_id}` takes one segment and encodes a slash in
//! it; `{path*}` takes several, separated by slashes; `{key**}` also takes empty ones, which are
//! sent as `%2F` because servers redirect a literal `//`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Error;

/// Everything but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Fills `template` with `arguments`, in their order.
///
/// # Errors
///
/// An argument is empty, is or contains a `.` or `..` segment (which a URL parser would resolve,
/// so that the request leaves the path it was meant for), or the number of arguments is wrong.
pub fn fill(template: &str, arguments: &[&str]) -> Result<String, Error> {
    let mut path = String::with_capacity(template.len() + 32);
    let mut arguments_left = arguments.iter();
    let mut rest = template;
    while let Some((literal, tail)) = rest.split_once('{') {
        path.push_str(literal);
        let Some((name, tail)) = tail.split_once('}') else {
            return Err(Error::request(format!("the template `{template}` is not closed")));
        };
        let Some(argument) = arguments_left.next() else {
            return Err(Error::request(format!("`{template}` needs a value for `{name}`")));
        };
        push(&mut path, name, argument)?;
        rest = tail;
    }
    path.push_str(rest);
    if arguments_left.next().is_some() {
        return Err(Error::request(format!("`{template}` got too many arguments")));
    }
    Ok(path)
}

fn push(path: &mut String, name: &str, argument: &str) -> Result<(), Error> {
    let plain = name.trim_end_matches('*');
    match name.len() - plain.len() {
        0 => push_segment(path, plain, argument),
        stars => push_segments(path, plain, argument, stars > 1),
    }
}

fn push_segment(path: &mut String, name: &str, segment: &str) -> Result<(), Error> {
    if segment.is_empty() {
        return Err(Error::request(format!("`{name}` is empty")));
    }
    refuse_dots(name, segment)?;
    path.extend(utf8_percent_encode(segment, SEGMENT));
    Ok(())
}

fn push_segments(path: &mut String, name: &str, value: &str, empty_too: bool) -> Result<(), Error> {
    if value.is_empty() && !empty_too {
        return Err(Error::request(format!("`{name}` is empty")));
    }
    let count = value.split('/').count();
    for (position, segment) in value.split('/').enumerate() {
        let last = position + 1 == count;
        if segment.is_empty() && !last && !empty_too {
            return Err(Error::request(format!("`{name}` has an empty segment: `{value}`")));
        }
        refuse_dots(name, segment)?;
        path.extend(utf8_percent_encode(segment, SEGMENT));
        if !last {
            let next_empty = value.split('/').nth(position + 1).is_some_and(str::is_empty);
            // A trailing slash is a folder and stays; a doubled one must not be seen by routers.
            let doubled = segment.is_empty() || (next_empty && position + 2 < count);
            path.push_str(if doubled { "%2F" } else { "/" });
        }
    }
    Ok(())
}

fn refuse_dots(name: &str, segment: &str) -> Result<(), Error> {
    if matches!(segment, "." | "..") {
        return Err(Error::request(format!(
            "`{name}` contains the segment `{segment}`, which would change the request's path"
        )));
    }
    Ok(())
}

/// Checks a path given whole, as raw calls have it.
///
/// # Errors
///
/// It has a `.` or `..` segment, plain or encoded, or a query or fragment.
pub fn check_raw(path: &str) -> Result<(), Error> {
    if path.contains(['?', '#']) {
        return Err(Error::request("a raw path takes its query from `.query(..)`, not after a `?`"));
    }
    if path.contains(|c: char| c.is_control() || c == '\\' || c == ' ') {
        return Err(Error::request("a raw path has a character that must be percent-encoded"));
    }
    for segment in path.split('/') {
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        refuse_dots("path", &decoded)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn templates() {
        let cases: [(&str, &[&str], Option<&str>); 14] = [
            ("/v1/jobs", &[], Some("/v1/jobs")),
            ("/v1/job/{id}", &["a b"], Some("/v1/job/a%20b")),
            ("/v1/job/{id}", &["x/dispatch-1"], Some("/v1/job/x%2Fdispatch-1")),
            ("/v1/job/{id}/plan", &["ü?#"], Some("/v1/job/%C3%BC%3F%23/plan")),
            ("/v1/job/{id}", &[".."], None),
            ("/v1/job/{id}", &[""], None),
            ("/v1/job/{id}", &[], None),
            ("/v1/jobs", &["x"], None),
            ("/v1/var/{path*}", &["a/b c"], Some("/v1/var/a/b%20c")),
            ("/v1/var/{path*}", &["a//b"], None),
            ("/v1/var/{path*}", &["a/../b"], None),
            ("/v1/kv/{key**}", &["a//b"], Some("/v1/kv/a%2F%2Fb")),
            ("/v1/kv/{key**}", &["dir/"], Some("/v1/kv/dir/")),
            ("/v1/kv/{key**}", &["/a"], Some("/v1/kv/%2Fa")),
        ];
        for (template, arguments, wanted) in cases {
            let got = fill(template, arguments).ok();
            assert_eq!(got.as_deref(), wanted, "{template} {arguments:?}");
        }
    }

    #[test]
    fn raw_paths() {
        for (path, fine) in
            [("/v1/a%2Fb", true), ("/v1/..", false), ("/v1/%2e%2E/x", false), ("/v1?a", false)]
        {
            assert_eq!(check_raw(path).is_ok(), fine, "{path}");
        }
    }

    proptest! {
        /// Whatever the caller passes, the request stays below its template and means that value.
        #[test]
        fn a_segment_stays_one_segment(value in "\\PC{1,20}") {
            if let Ok(path) = fill("/v1/job/{id}/x", &[&value]) {
                let url = url::Url::parse(&format!("http://h{path}")).unwrap();
                let segments: Vec<_> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 4);
                let back = percent_encoding::percent_decode_str(segments[2]).decode_utf8().unwrap();
                prop_assert_eq!(back, value);
            }
        }

        #[test]
        fn a_key_keeps_its_slashes(value in "[a-z./ é]{1,20}") {
            if let Ok(path) = fill("/v1/kv/{key**}", &[&value]) {
                let url = url::Url::parse(&format!("http://h{path}")).unwrap();
                let back = percent_encoding::percent_decode_str(url.path()).decode_utf8().unwrap().into_owned();
                prop_assert_eq!(back, format!("/v1/kv/{value}"));
            }
        }
    }
}
