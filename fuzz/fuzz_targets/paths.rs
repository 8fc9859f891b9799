//! Whatever a caller passes, a request stays below its template and means that value.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: String| {
    if let Ok(path) = client_core::path::fill("/v1/job/{id}/plan", &[&value]) {
        let url = url::Url::parse(&format!("http://h{path}")).expect("a URL");
        let segments: Vec<_> = url.path_segments().expect("segments").collect();
        assert_eq!(segments.len(), 4);
        assert_eq!((segments[1], segments[3]), ("job", "plan"));
    }
    if let Ok(path) = client_core::path::fill("/v1/kv/{key**}", &[&value]) {
        let url = url::Url::parse(&format!("http://h{path}")).expect("a URL");
        assert!(url.path().starts_with("/v1/kv/"));
    }
    let _ = client_core::path::check_raw(&value);
    if let Ok(duration) = value.parse::<client_core::time::GoDuration>() {
        assert_eq!(duration.to_string().parse(), Ok(duration));
    }
});
