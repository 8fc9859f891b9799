//! Clocks: workload identities and leases are about time.

use std::time::Duration;

use jiff::Timestamp;

use crate::Clients;
use crate::finding::Finding;

/// What the servers of tokens with a time in them forgive.
const BAD: i64 = 60;
const QUESTIONABLE: i64 = 10;

pub(super) async fn look(clients: &Clients) -> Vec<Finding> {
    let (nomad, vault, consul) = tokio::join!(
        at(clients.nomad.raw(nomad_client::Method::GET, "/v1/status/leader"), date),
        at(clients.vault.sys().health(), |health| health.server_time_utc),
        at(clients.consul.raw(consul_client::Method::GET, "/v1/status/leader"), date_of_consul),
    );
    vec![judge("nomad", nomad), judge("vault", vault), judge("consul", consul)]
}

/// How far a server's clock is ahead of ours: it said the time between our two looks.
async fn at<T, E>(
    call: impl IntoFuture<Output = Result<T, E>>,
    time: impl Fn(&T) -> Option<Timestamp>,
) -> Option<i64> {
    let before = Timestamp::now();
    let answer = call.await.ok()?;
    let after = Timestamp::now();
    let said = time(&answer)?.as_second();
    Some(ahead(said, before.as_second(), after.as_second()))
}

/// Servers say whole seconds.
fn ahead(said: i64, before: i64, after: i64) -> i64 {
    if said > after {
        said.saturating_sub(after)
    } else if said < before.saturating_sub(1) {
        said.saturating_sub(before)
    } else {
        0
    }
}

fn date(answer: &nomad_client::RawReply) -> Option<Timestamp> {
    parse(answer.headers.get("date")?.to_str().ok()?)
}

fn date_of_consul(answer: &consul_client::RawReply) -> Option<Timestamp> {
    parse(answer.headers.get("date")?.to_str().ok()?)
}

fn parse(date: &str) -> Option<Timestamp> {
    Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp())
}

fn judge(product: &str, ahead: Option<i64>) -> Finding {
    let check = format!("{product}.clock");
    let Some(ahead) = ahead else {
        return Finding::unknown(check, format!("{product} did not say its time"));
    };
    let off = Duration::from_secs(ahead.unsigned_abs());
    let way = if ahead < 0 { "behind" } else { "ahead" };
    let message = format!("{product}'s clock is {} s {way} of this machine's", off.as_secs());
    let fix = "synchronise the clocks (NTP): identities are refused before and after their time";
    match ahead.abs() {
        BAD.. => Finding::problem(check, message).fix(fix),
        QUESTIONABLE.. => Finding::warning(check, message).fix(fix),
        _ => Finding::ok(check, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    #[test]
    fn within_the_two_looks_is_no_difference() {
        assert_eq!(ahead(100, 100, 101), 0);
        assert_eq!(ahead(99, 100, 101), 0);
        assert_eq!(ahead(131, 100, 101), 30);
        assert_eq!(ahead(40, 100, 101), -60);
    }

    #[test]
    fn clocks_far_apart_are_a_problem() {
        let levels: Vec<Level> =
            [Some(0), Some(-11), Some(61), Some(-3600), None].map(|ahead| judge("vault", ahead).level).into();
        assert_eq!(levels, [Level::Ok, Level::Warning, Level::Problem, Level::Problem, Level::Unknown]);
        assert!(judge("vault", Some(-11)).message.contains("11 s behind"));
        assert_eq!(parse("Thu, 26 Nov 2026 11:43:10 GMT").unwrap().as_second(), 1_795_693_390);
    }
}
