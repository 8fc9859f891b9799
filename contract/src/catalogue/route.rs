//! Path templates: comparing them with each other and matching them against real paths.

use crate::Product;

/// A template's route with parameter names left out, so that two ways of writing it are equal.
///
/// Methods that are the same to the product's servers become one.
#[must_use]
pub fn key(product: Product, method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let path = if product == Product::Vault && !path.starts_with('/') {
        format!("/v1/{path}")
    } else {
        path.to_owned()
    };
    let segments: Vec<&str> =
        path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect();
    format!("{} {}", method_class(product, method), segments.join("/"))
}

/// Methods a product's servers treat alike.
pub(crate) fn method_class(product: Product, method: &str) -> &str {
    match method {
        "PUT" | "POST" if product.mixes_put_and_post() => "WRITE",
        other => other,
    }
}

/// A path template that can be held against paths.
#[derive(Clone, Debug)]
pub struct Template<'a>(Vec<Piece<'a>>);

#[derive(Clone, Copy, Debug)]
enum Piece<'a> {
    Literal(&'a str),
    /// Exactly one segment.
    One,
    /// One or more segments.
    Some,
    /// Any number of segments, empty ones too.
    Any,
}

/// How narrow a template is; of several that match, the greatest is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Narrowness {
    literals: usize,
    single: usize,
    /// Of two templates with as many literals, the one whose literals come first.
    early: usize,
}

impl<'a> Template<'a> {
    /// Reads a template such as `/v1/var/{path*}`.
    #[must_use]
    pub fn new(path: &'a str) -> Self {
        let piece = |segment: &'a str| match segment.strip_prefix('{') {
            None => Piece::Literal(segment),
            Some(name) if name.ends_with("**}") => Piece::Any,
            Some(name) if name.ends_with("*}") => Piece::Some,
            Some(_) => Piece::One,
        };
        Self(path.trim_start_matches('/').split('/').map(piece).collect())
    }

    /// Whether `path` is one of the template's.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        matches(&self.0, &segments)
    }

    /// How narrow it is.
    #[must_use]
    pub fn narrowness(&self) -> Narrowness {
        let mut narrowness = Narrowness::default();
        for (position, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Literal(_) => {
                    narrowness.literals += 1;
                    narrowness.early += 1 << 8_usize.saturating_sub(position);
                }
                Piece::One => narrowness.single += 1,
                Piece::Some | Piece::Any => {}
            }
        }
        narrowness
    }
}

fn matches(pieces: &[Piece<'_>], segments: &[&str]) -> bool {
    let Some((piece, pieces)) = pieces.split_first() else {
        // A trailing slash means the same as none.
        return matches!(segments, [] | [""]);
    };
    let Some((segment, rest)) = segments.split_first() else {
        return matches!(piece, Piece::Any) && matches(pieces, segments);
    };
    match piece {
        Piece::Literal(wanted) => wanted == segment && matches(pieces, rest),
        Piece::One => !segment.is_empty() && matches(pieces, rest),
        Piece::Some => {
            !segment.is_empty() && (1..=segments.len()).any(|taken| rest_matches(pieces, segments, taken))
        }
        Piece::Any => (0..=segments.len()).any(|taken| rest_matches(pieces, segments, taken)),
    }
}

fn rest_matches(pieces: &[Piece<'_>], segments: &[&str], taken: usize) -> bool {
    segments.get(taken..).is_some_and(|rest| matches(pieces, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ignore_names_and_aliases() {
        let cases = [
            (Product::Nomad, "POST", "/v1/job/{id}/plan", "WRITE /v1/job/{}/plan"),
            (Product::Nomad, "PUT", "/v1/var/{path*}", "WRITE /v1/var/{}"),
            (Product::Vault, "GET", "{mount}/data/{path}", "GET /v1/{}/data/{}"),
            (Product::Vault, "GET", "/v1/{mount*}/data/{path*}", "GET /v1/{}/data/{}"),
            (Product::Consul, "PUT", "/v1/kv/{key}", "PUT /v1/kv/{}"),
            (Product::Nomad, "PUT", "/v1/var/{path}?cas={index}", "WRITE /v1/var/{}"),
        ];
        for (product, method, path, wanted) in cases {
            assert_eq!(key(product, method, path), wanted);
        }
    }

    #[test]
    fn templates_match() {
        let cases = [
            ("/v1/jobs", "/v1/jobs", true),
            ("/v1/jobs", "/v1/jobs/x", false),
            ("/v1/job/{id}", "/v1/job/a%2Fb", true),
            ("/v1/job/{id}", "/v1/job/", false),
            ("/v1/var/{path*}", "/v1/var/a/b", true),
            ("/v1/var/{path*}", "/v1/var/", false),
            ("/v1/{mount*}/data/{path*}", "/v1/team/kv/data/a/b", true),
            ("/v1/{mount}/metadata/{path**}", "/v1/secret/metadata/", true),
            ("/v1/kv/{key**}", "/v1/kv", true),
            ("/v1/kv/{key**}", "/v1/kv/a//b", true),
            ("/v1/{mount}/metadata", "/v1/secret/metadata/", true),
        ];
        for (template, path, wanted) in cases {
            assert_eq!(Template::new(template).matches(path), wanted, "{template} {path}");
        }
    }

    #[test]
    fn the_narrowest_wins() {
        let order = [
            "/v1/{path**}",
            "/v1/{mount}/{path*}",
            "/v1/{mount}/data/{path*}",
            "/v1/{mount}/config/urls",
            "/v1/auth/token/lookup-self",
        ];
        for pair in order.windows(2) {
            assert!(Template::new(pair[0]).narrowness() < Template::new(pair[1]).narrowness(), "{pair:?}");
        }
    }
}
