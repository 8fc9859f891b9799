//! Versions of the servers against what is asked of them.

use crate::finding::Finding;

/// A product whose version is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Product {
    /// Nomad: 1.7 at least, 1.10 to be looked after.
    Nomad,
    /// Vault: 1.15 at least, 1.18 to be looked after.
    Vault,
    /// OpenBao, which answers as Vault does and counts by itself.
    OpenBao,
    /// Consul: 1.21 to be looked after.
    Consul,
}

type Number = (u64, u64);

impl Product {
    fn name(self) -> &'static str {
        match self {
            Self::Nomad => "Nomad",
            Self::Vault => "Vault",
            Self::OpenBao => "OpenBao",
            Self::Consul => "Consul",
        }
    }

    fn check(self) -> &'static str {
        match self {
            Self::Nomad => "nomad.version",
            Self::Vault | Self::OpenBao => "vault.version",
            Self::Consul => "consul.version",
        }
    }

    /// What works at all, and what is still looked after.
    fn minima(self) -> (Number, Number) {
        match self {
            Self::Nomad => ((1, 7), (1, 10)),
            Self::Vault => ((1, 15), (1, 18)),
            Self::OpenBao => ((2, 0), (2, 2)),
            Self::Consul => ((0, 0), (1, 21)),
        }
    }
}

/// What a server's version is worth.
///
/// ```
/// use wuffchat_deploy::preflight::{Product, judge};
/// use wuffchat_deploy::Level;
/// assert_eq!(judge(Product::Nomad, "1.6.10").level, Level::Problem);
/// assert_eq!(judge(Product::Nomad, "1.8.0+ent").level, Level::Warning);
/// assert_eq!(judge(Product::Vault, "1.18.3").level, Level::Ok);
/// ```
#[must_use]
pub fn judge(product: Product, version: &str) -> Finding {
    let (name, check) = (product.name(), product.check());
    let Some(number) = number(version) else {
        return Finding::unknown(check, format!("{name} says the version `{version}`"));
    };
    let (least, good) = product.minima();
    let text = |number: Number| format!("{}.{}", number.0, number.1);
    if number < least {
        Finding::problem(check, format!("{name} {version} is older than {}", text(least)))
            .fix(format!("update {name} to {} or newer, one minor version at a time", text(good)))
    } else if number < good {
        Finding::warning(check, format!("{name} {version} is not looked after any more"))
            .fix(format!("update {name} to {} or newer", text(good)))
    } else {
        Finding::ok(check, format!("{name} {version}"))
    }
}

fn number(version: &str) -> Option<Number> {
    let version = version.trim().trim_start_matches('v');
    let mut parts = version.split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    #[test]
    fn versions_are_compared_as_numbers() {
        let cases = [
            (Product::Nomad, "2.0.5", Level::Ok),
            (Product::Nomad, "1.10.0-beta.1", Level::Ok),
            (Product::Nomad, "1.9.7", Level::Warning),
            (Product::Nomad, "1.4.2", Level::Problem),
            (Product::Vault, "1.12.0", Level::Problem),
            (Product::Vault, "1.15.6+ent", Level::Warning),
            (Product::Vault, "2.0.0", Level::Ok),
            (Product::OpenBao, "2.5.5", Level::Ok),
            (Product::OpenBao, "2.1.0", Level::Warning),
            (Product::Consul, "1.9.0", Level::Warning),
            (Product::Consul, "1.21.4", Level::Ok),
            (Product::Consul, "", Level::Unknown),
        ];
        for (product, version, level) in cases {
            assert_eq!(judge(product, version).level, level, "{product:?} {version}");
        }
    }
}
