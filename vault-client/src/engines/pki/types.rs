//! What is asked of the PKI engine, and what it answers.

use serde_json::Value;

use crate::shape::{record, settings};

settings! {
    /// A certificate to make, or a request to sign.
    pub struct CertificateRequest {
        /// Whom it is for.
        common_name: text,
        /// Further names, separated by commas.
        alt_names: text,
        /// Addresses, separated by commas.
        ip_sans: text,
        /// URIs, separated by commas.
        uri_sans: text,
        /// Other names, as `oid;type:value`.
        other_sans: text,
        /// The serial number in the subject.
        serial_number: text,
        /// How long it is valid.
        ttl: go,
        /// When it ends, instead of `ttl`: `2026-12-31T23:59:59Z`.
        not_after: text,
        /// `pem`, `der` or `pem_bundle`.
        format: text,
        /// `der` or `pkcs8`.
        private_key_format: text,
        /// Whether the common name is left out of the alternative names.
        exclude_cn_from_sans: flag,
        /// The request to sign, in PEM.
        csr: text,
        /// Whether names of the request are used as they are.
        use_csr_values: flag,
        /// How many certificate authorities may follow; -1 for any number.
        max_path_length: signed,
        /// Domains that authorities below may issue for.
        permitted_dns_domains: list,
        /// `rsa`, `ec` or `ed25519`.
        key_type: text,
        /// The size of the key.
        key_bits: number,
        /// The name for the new issuer.
        issuer_name: text,
        /// The name for the new key.
        key_name: text,
        /// The key to use, instead of a new one.
        key_ref: text,
        /// The issuer to use, where the role allows it.
        issuer_ref: text,
        /// The subject's organization.
        organization: list,
        /// The subject's unit.
        ou: list,
        /// The subject's country.
        country: list,
        /// The subject's place.
        locality: list,
        /// The subject's province.
        province: list,
        /// Whether root certificates are left out of the chain.
        remove_roots_from_chain: flag,
        /// User ids in the subject.
        user_ids: text,
    }
}

record! {
    /// A certificate that was made.
    pub struct Certificate {
        /// The certificate.
        certificate: text,
        /// The certificate of its issuer.
        issuing_ca: text,
        /// The certificates up to the root.
        ca_chain: list,
        /// Its private key. It is shown only now.
        private_key: maybe_secret,
        /// The type of its private key.
        private_key_type: maybe(String),
        /// Its serial number.
        serial_number: text,
        /// When it ends, in seconds since 1970.
        expiration: signed,
        /// The new issuer's id.
        issuer_id: maybe(String),
        /// The new issuer's name.
        issuer_name: maybe(String),
        /// The new key's id.
        key_id: maybe(String),
        /// The new key's name.
        key_name: maybe(String),
    }
}

record! {
    /// A request that another authority has to sign.
    pub struct Csr {
        /// The request, in PEM.
        csr: text,
        /// The private key, where it was asked for. It is shown only now.
        private_key: maybe_secret,
        /// The type of the private key.
        private_key_type: maybe(String),
        /// The key's id.
        key_id: text,
    }
}

record! {
    /// Issuers and keys that were taken in.
    pub struct Imported {
        /// New issuers.
        imported_issuers: list,
        /// New keys.
        imported_keys: list,
        /// Issuers that were there.
        existing_issuers: list,
        /// Keys that were there.
        existing_keys: list,
        /// Which key belongs to which issuer.
        mapping: map,
    }
}

record! {
    /// A certificate that was revoked.
    pub struct Revocation {
        /// When, in seconds since 1970.
        revocation_time: signed,
        /// When.
        revocation_time_rfc3339: time,
        /// `revoked` or `pending`.
        state: text,
    }
}

record! {
    /// A certificate, and whether it was revoked.
    pub struct CertificateInfo {
        /// The certificate, in PEM.
        certificate: text,
        /// When it was revoked, in seconds since 1970; 0 if it was not.
        revocation_time: signed,
        /// When it was revoked.
        revocation_time_rfc3339: time,
        /// Who issued it.
        issuer_id: maybe(String),
    }
}

record! {
    /// An issuer in a list.
    pub struct IssuerSummary {
        /// Its name.
        issuer_name: text,
        /// Its key.
        key_id: text,
        /// Its certificate's serial number.
        serial_number: text,
        /// Whether it issues where none is named.
        is_default: flag,
    }
}

record! {
    /// An issuer.
    pub struct Issuer {
        /// Its id.
        issuer_id: text,
        /// Its name.
        issuer_name: text,
        /// Its key.
        key_id: text,
        /// Its certificate, in PEM.
        certificate: text,
        /// The certificates up to the root.
        ca_chain: list,
        /// Issuers of the chain, where they are set by hand.
        manual_chain: list,
        /// What to do with certificates that would outlive it: `err`, `truncate` or `permit`.
        leaf_not_after_behavior: text,
        /// What it may be used for.
        usage: text,
        /// Whether it is revoked.
        revoked: flag,
        /// Where its certificate is.
        issuing_certificates: list,
        /// Where its revocation list is.
        crl_distribution_points: list,
        /// Where its OCSP responder is.
        ocsp_servers: list,
    }
}

settings! {
    /// What an issuer is called and does.
    pub struct IssuerSettings {
        /// Its name.
        issuer_name: text,
        /// What to do with certificates that would outlive it: `err`, `truncate` or `permit`.
        leaf_not_after_behavior: text,
        /// Issuers of the chain, set by hand.
        manual_chain: list,
        /// What it may be used for: `read-only`, `issuing-certificates`, `crl-signing` and
        /// `ocsp-signing`, separated by commas.
        usage: text,
        /// How revocation lists are signed.
        revocation_signature_algorithm: text,
        /// Where its certificate is.
        issuing_certificates: list,
        /// Where its revocation list is.
        crl_distribution_points: list,
        /// Where its OCSP responder is.
        ocsp_servers: list,
        /// Whether the URLs have templates.
        enable_aia_url_templating: flag,
    }
}

settings! {
    /// Which issuer is meant where none is named.
    pub struct IssuersConfig {
        /// The issuer, by id or name.
        default: text,
        /// Whether the newest issuer becomes it.
        default_follows_latest_issuer: flag,
    }
}

settings! {
    /// What to remove.
    pub struct PkiTidy {
        /// Whether certificates that have expired go.
        tidy_cert_store: flag,
        /// Whether revoked ones that have expired go.
        tidy_revoked_certs: flag,
        /// Whether revoked certificates are told their issuers.
        tidy_revoked_cert_issuer_associations: flag,
        /// Whether issuers that have expired go.
        tidy_expired_issuers: flag,
        /// Whether ACME accounts, orders and authorizations that have expired go.
        tidy_acme: flag,
        /// How long after its end a certificate stays.
        safety_buffer: go,
        /// How long after its end an issuer stays.
        issuer_safety_buffer: go,
        /// How long to wait between certificates.
        pause_duration: go,
    }
}

settings! {
    /// Where certificates say that things are.
    pub struct PkiUrls {
        /// Where the issuer's certificate is.
        issuing_certificates: list,
        /// Where the revocation list is.
        crl_distribution_points: list,
        /// Where the list of changes to it is.
        delta_crl_distribution_points: list,
        /// Where the OCSP responder is.
        ocsp_servers: list,
        /// Whether the URLs have templates.
        enable_templating: flag,
    }
}

settings! {
    /// What may be issued with a role. Also what a role is, when it is read.
    pub struct PkiRole {
        /// The issuer.
        issuer_ref: text,
        /// How long certificates are valid unless they say otherwise.
        ttl: seconds,
        /// How long certificates may be valid.
        max_ttl: seconds,
        /// Whether `localhost` may be asked for.
        allow_localhost: flag,
        /// Domains that may be asked for.
        allowed_domains: list,
        /// Whether the domains have templates.
        allowed_domains_template: flag,
        /// Whether the domains themselves may be asked for.
        allow_bare_domains: flag,
        /// Whether names below the domains may be asked for.
        allow_subdomains: flag,
        /// Whether the domains are patterns.
        allow_glob_domains: flag,
        /// Whether wildcards may be asked for.
        allow_wildcard_certificates: flag,
        /// Whether any name may be asked for.
        allow_any_name: flag,
        /// Whether the token's name may be asked for.
        allow_token_displayname: flag,
        /// Whether names have to be host names.
        enforce_hostnames: flag,
        /// Whether addresses may be asked for.
        allow_ip_sans: flag,
        /// Addresses that may be asked for (OpenBao).
        allowed_ip_sans_cidr: list,
        /// URIs that may be asked for.
        allowed_uri_sans: list,
        /// Whether the URIs have templates.
        allowed_uri_sans_template: flag,
        /// Other names that may be asked for.
        allowed_other_sans: list,
        /// Serial numbers that may be asked for.
        allowed_serial_numbers: list,
        /// User ids that may be asked for.
        allowed_user_ids: list,
        /// Whether servers may use the certificates.
        server_flag: flag,
        /// Whether clients may use the certificates.
        client_flag: flag,
        /// Whether code may be signed with them.
        code_signing_flag: flag,
        /// Whether mail may be signed with them.
        email_protection_flag: flag,
        /// `rsa`, `ec`, `ed25519` or `any`.
        key_type: text,
        /// The size of the key.
        key_bits: number,
        /// The size of the signature's hash.
        signature_bits: number,
        /// Whether RSA signatures are PSS.
        use_pss: flag,
        /// What the keys may be used for.
        key_usage: list,
        /// What else the keys may be used for.
        ext_key_usage: list,
        /// The same as object identifiers.
        ext_key_usage_oids: list,
        /// Whether the common name of a request is used.
        use_csr_common_name: flag,
        /// Whether the alternative names of a request are used.
        use_csr_sans: flag,
        /// The subject's unit.
        ou: list,
        /// The subject's organization.
        organization: list,
        /// The subject's country.
        country: list,
        /// The subject's place.
        locality: list,
        /// The subject's province.
        province: list,
        /// The subject's street.
        street_address: list,
        /// The subject's postal code.
        postal_code: list,
        /// Whether certificates come with a lease, by which they can be revoked.
        generate_lease: flag,
        /// Whether certificates are not kept, so that they cannot be revoked.
        no_store: flag,
        /// Whether nothing about certificates is kept (Enterprise).
        no_store_metadata: flag,
        /// Whether a common name is needed.
        require_cn: flag,
        /// How common names are checked.
        cn_validations: list,
        /// Policies in the certificates.
        policy_identifiers: of(Value),
        /// Whether certificates say that they are no authority's.
        basic_constraints_valid_for_non_ca: flag,
        /// How long before now certificates begin.
        not_before_duration: seconds,
        /// When certificates end, instead of `ttl`.
        not_after: text,
        /// When certificates begin (OpenBao).
        not_before: text,
        /// What to do with a later end than the issuer's (OpenBao).
        not_after_bound: text,
        /// What to do with an earlier begin than the issuer's (OpenBao).
        not_before_bound: text,
    }
}

record! {
    /// How far tidying up is.
    pub struct TidyStatus {
        /// `Inactive`, `Running`, `Finished`, `Error`, …
        state: text,
        /// What went wrong.
        error: maybe(String),
        /// What it is at.
        message: maybe(String),
        /// When it began.
        time_started: time,
        /// When it ended.
        time_finished: time,
        /// How many certificates were removed.
        cert_store_deleted_count: maybe(u64),
        /// How many revoked certificates were removed.
        revoked_cert_deleted_count: maybe(u64),
    }
}

record! {
    /// Whether a new list was written.
    pub struct Rotated {
        /// Whether it was.
        success: flag,
    }
}
