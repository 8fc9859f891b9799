//! Which secrets a template reads.

use proptest::prelude::*;
use vault_client::templates::{Access, KvVersion, scan, scan_with};

/// `path: key key …` for each use.
fn uses(text: &str) -> Vec<String> {
    let show = |secret: &vault_client::templates::SecretUse| {
        let keys: Vec<&str> = secret.keys.iter().map(|field| field.key.as_str()).collect();
        let whole = if secret.whole { " *" } else { "" };
        format!("{}: {}{whole}", secret.path, keys.join(" "))
    };
    let scan = scan(text);
    assert_eq!(scan.undecided, [], "{text}");
    scan.secrets.iter().map(show).collect()
}

#[test]
fn secrets_and_their_keys_are_found() {
    for (text, wanted) in [
        (r#"{{ with secret "secret/data/a" }}{{ .Data.data.x | toJSON }}{{ end }}"#, "secret/data/a: x"),
        (r#"{{- with secret "/secret/a/" -}}{{- .Data.x -}}{{- end -}}"#, "secret/a: x"),
        (r#"{{ (secret "secret/data/a").Data.data.x }}"#, "secret/data/a: x"),
        (
            r#"{{ $s := secret "secret/data/a" }}{{ $s.Data.data.x }}{{ $s.Data.data.y }}"#,
            "secret/data/a: x y",
        ),
        (r#"{{ with $s := secret "s/a" }}{{ $s.Data.x }}{{ .Data.y }}{{ end }}"#, "s/a: x y"),
        (r#"{{ with secret "s/a" }}{{ with .Data.data }}{{ .x }}{{ end }}{{ end }}"#, "s/a: x"),
        (r#"{{ with secret "s/a" }}{{ index .Data.data "x-y" }}{{ end }}"#, "s/a: x-y"),
        (
            r#"{{ with secret "s/a" }}{{ range $k, $v := .Data.data }}{{ $k }}={{ $v }}{{ end }}{{ end }}"#,
            "s/a:  *",
        ),
        (
            r#"{{ with secret "s/a" }}{{ if .Data.data.x }}{{ .Data.data.y }}{{ else }}{{ .Data.data.z }}{{ end }}{{ end }}"#,
            "s/a: y z",
        ),
        (r#"{{ with secret "s/a" }}{{ . | toJSON }}{{ end }}"#, "s/a:  *"),
        (r#"{{ with secret "s/a" }}{{ .Data.metadata.version }}{{ .LeaseID }}{{ end }}"#, "s/a: "),
        (
            r#"{{ $p := "s" }}{{ with secret (printf "%s/data/%s" $p "a") }}{{ .Data.data.x }}{{ end }}"#,
            "s/data/a: x",
        ),
        (r#"{{ with "s/a" | secret }}{{ .Data.x }}{{ end }}"#, "s/a: x"),
        (r#"{{ with secret (printf "s/%s" ("A" | toLower)) }}{{ .Data.x }}{{ end }}"#, "s/a: x"),
        ("{{ with secret `s/a` }}{{ .Data.x }}{{ end }}", "s/a: x"),
        (r#"{{/* {{ secret "no" }} */}}{{ with secret "s/}}" }}{{ .Data.x }}{{ end }}"#, "s/}}: x"),
        (r#"{{ with secret "s/a" }}{{ $.Data.no }}{{ .Data.data.x.deeper }}{{ end }}"#, "s/a: x"),
        (r#"{{ range secrets "s/metadata/" }}{{ . }}{{ end }}"#, "s/metadata: "),
        (r#"{{ define "t" }}{{ .Data.no }}{{ end }}{{ with secret "s/a" }}{{ .Data.x }}{{ end }}"#, "s/a: x"),
    ] {
        let found = uses(text);
        assert_eq!(found, [wanted], "{text}");
    }
    assert_eq!(uses("no template }} { { here"), Vec::<String>::new());
}

#[test]
fn two_secrets_in_each_other_are_told_apart() {
    let text = r#"{{ with secret "s/a" }}{{ $a := . }}
{{ with secret "s/b" }}{{ $a.Data.x }}{{ .Data.y }}{{ else }}{{ .Data.z }}{{ end }}{{ end }}"#;
    assert_eq!(uses(text), ["s/a: x z", "s/b: y"]);
    let scan = scan(text);
    assert_eq!((scan.secrets[1].line, scan.secrets[1].keys[0].line), (2, 2));
    assert_eq!(scan.keys()["s/a"].len(), 2);
}

#[test]
fn what_the_text_does_not_tell_is_said() {
    for (text, wanted) in [
        (
            "\n{{ with secret (env \"P\") }}{{ .Data.x }}{{ end }}",
            "line 2: the path of `secret` is not known: `env` is known only where the template runs",
        ),
        (
            r#"{{ range secrets "s/" }}{{ with secret (printf "s/%s" .) }}{{ .Data.x }}{{ end }}{{ end }}"#,
            "line 1: the path of `secret` is not known: it differs from round to round",
        ),
        (
            r#"{{ with secret "s/a" }}{{ index .Data.data (env "K") }}{{ end }}"#,
            "line 1: a key of `s/a` is not known: `env` is known only where the template runs",
        ),
        (
            r#"{{ with secret "s/a" }}{{ (secret .Data.path).Data.x }}{{ end }}"#,
            "line 1: the path of `secret` is not known: it is a value of another secret",
        ),
        (
            r#"{{ $p := "s/a" }}{{ if env "X" }}{{ $p = "s/b" }}{{ end }}{{ with secret $p }}{{ end }}"#,
            "line 1: the path of `secret` is not known: `$p` is set in a block that may not run",
        ),
        (
            r#"{{ with secret "s/a" }}{{ template "t" . }}{{ end }}"#,
            "line 1: the keys of `s/a` is not known: another template is given it",
        ),
        ("{{ secret \"s/a", "line 1: the rest of the action is not known: a text has no closing quote"),
        ("{{ $x", "line 1: the rest of the action is not known: an action has no end"),
    ] {
        let said: Vec<String> = scan(text).undecided.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|line| line == wanted), "{text}: {said:?}");
    }
}

#[test]
fn versions_writes_and_other_delimiters() {
    let scan = scan(
        r#"{{ with secret "secret/data/a?version=3" }}{{ .Data.data.x }}{{ end }}
{{ with secret "pki/issue/web" "common_name=a.test" }}{{ .Data.certificate }}{{ end }}
{{ with pkiCert "pki/issue/web" "common_name=a.test" }}{{ .Cert }}{{ end }}"#,
    );
    assert_eq!(scan.undecided, []);
    let [read, write, certificate] = scan.secrets.as_slice() else { panic!("{scan:?}") };
    assert_eq!((read.path.as_str(), read.version, read.access), ("secret/data/a", Some(3), Access::Read));
    assert_eq!(read.keys[0].kv, KvVersion::V2);
    assert_eq!((write.access, certificate.access), (Access::Write, Access::Write));
    assert_eq!(write.keys[0].kv, KvVersion::V1);
    assert_eq!(scan.paths().into_iter().collect::<Vec<_>>(), ["secret/data/a"]);

    let other = scan_with(r#"[[ with secret "s/a" ]][[ .Data.x ]][[ end ]] {{ secret "no" }}"#, "[[", "]]");
    assert_eq!(other.paths().into_iter().collect::<Vec<_>>(), ["s/a"]);
}

#[test]
fn paths_below_a_mount() {
    let text = r#"{{ secret "secret/data/a/b" }}{{ secret "secret/a/b" }}{{ secret "secrets/a" }}"#;
    let below: Vec<_> =
        scan(text).secrets.iter().map(|secret| (secret.kv2("secret/"), secret.kv1("secret"))).collect();
    let some = |path: &str| Some(path.to_owned());
    assert_eq!(below, [(some("a/b"), some("data/a/b")), (some("a/b"), some("a/b")), (None, None)]);
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in r#"(\{\{|\}\}|[-a-z$."`()|:= /*\n]|with |secret |end|else|range |é){0,60}"#) {
        let _ = scan(&text);
        let _ = scan_with(&text, "-", ".");
    }
}
