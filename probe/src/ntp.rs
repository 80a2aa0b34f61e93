//! What time a time server says it is: one question by SNTP (RFC 5905, section 14). Nothing is set by it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use uphold_core::time::{Instant, Millis};

use crate::egress::{Egress, Family, Host};
use crate::meter::Failure;
use crate::outcome::{Cause, Said, Step, Took};

/// The port of time servers.
const PORT: u16 = 123;

/// From 1900, where their time begins, to 1970, where ours does.
const TO_1970_SECONDS: i64 = 2_208_988_800;

/// What a server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// How far our clock is ahead of the server's; behind, where negative.
    pub ahead: Millis,
    /// How much of that the way of the question and the answer may have made: half their time.
    pub within: Millis,
    /// The server says of itself that it does not know the time.
    pub unsure: bool,
}

/// Asks a server once. `now` reads our own clock.
///
/// # Errors
/// Why no answer came that can be used.
pub async fn ask(egress: &Egress, host: &Host, patience: Duration, now: impl Fn() -> Instant) -> Result<Answer, Cause> {
    let to = egress.resolve(host, PORT, Family::Any).await.map_err(|error| Failure::from(error).cause)?;
    let to = to.addresses().next().ok_or_else(|| Cause::NoAddress(host.to_string()))?;
    ask_at(to, patience, now).await
}

async fn ask_at(to: SocketAddr, patience: Duration, now: impl Fn() -> Instant) -> Result<Answer, Cause> {
    match tokio::time::timeout(patience, exchange(to, now)).await {
        Ok(answer) => answer,
        Err(_) => Err(Cause::TimedOut { after: Took(patience), step: Step::FirstByte }),
    }
}

async fn exchange(to: SocketAddr, now: impl Fn() -> Instant) -> Result<Answer, Cause> {
    let any: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let of_io = |error: std::io::Error| Failure::of_io(&error).cause;
    let socket = UdpSocket::bind(any).await.map_err(of_io)?;
    // Only what comes from that very address is read.
    socket.connect(to).await.map_err(of_io)?;
    let asked = now();
    // Version 4, client. What is put into the field of the transmission comes back, so that an answer is one to this question.
    let mut question = [0u8; 48];
    question[0] = 4 << 3 | 3;
    question[40..48].copy_from_slice(&stamp(asked));
    socket.send(&question).await.map_err(of_io)?;
    loop {
        let mut answer = [0u8; 128];
        let length = socket.recv(&mut answer).await.map_err(of_io)?;
        let got = now();
        if let Some(read) = read(&answer[..length], &question[40..48], asked, got) {
            return read;
        }
    }
}

/// The answer to this question; nothing, where it answers another one.
fn read(packet: &[u8], ours: &[u8], asked: Instant, got: Instant) -> Option<Result<Answer, Cause>> {
    if packet.len() < 48 || packet[0] & 7 != 4 || &packet[24..32] != ours {
        return None;
    }
    let stratum = packet[1];
    if stratum == 0 {
        let code: String = packet[12..16].iter().map(|byte| char::from(*byte)).collect();
        return Some(Err(Cause::Failed(Said::new(format_args!("the time server declined: {code}")))));
    }
    let (received, sent) = (unstamp(&packet[32..40], got), unstamp(&packet[40..48], got));
    let ahead = Millis(((asked - received).0 + (got - sent).0) / 2);
    let way = (got - asked) - (sent - received);
    let unsure = packet[0] >> 6 == 3 || stratum >= 16;
    Some(Ok(Answer { ahead, within: Millis(way.0.max(0) / 2), unsure }))
}

/// Seconds since 1900 and their 2³²ths.
fn stamp(at: Instant) -> [u8; 8] {
    let seconds = at.0.div_euclid(1_000) + TO_1970_SECONDS;
    let fraction = (at.0.rem_euclid(1_000) << 32) / 1_000;
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&seconds.to_be_bytes()[4..]);
    bytes[4..].copy_from_slice(&fraction.to_be_bytes()[4..]);
    bytes
}

/// The seconds begin anew every 136 years: the moment nearest to `near` is meant.
fn unstamp(bytes: &[u8], near: Instant) -> Instant {
    let word = |from: usize| bytes[from..from + 4].iter().fold(0i64, |all, byte| all << 8 | i64::from(*byte));
    let (seconds, fraction) = (word(0) - TO_1970_SECONDS, word(4));
    let era = (near.0.div_euclid(1_000) - seconds + (1 << 31)).div_euclid(1 << 32);
    Instant((seconds + (era << 32)) * 1_000 + ((fraction * 1_000) >> 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn moments_come_back_to_the_millisecond_also_in_the_next_era() {
        for text in
            ["2026-11-23T05:06:07.89Z", "2036-02-07T06:28:15.999Z", "2036-02-07T06:28:16Z", "2050-01-01T00:00:00.001Z"]
        {
            let moment = at(text);
            assert!((unstamp(&stamp(moment), moment + Millis(86_400_000)) - moment).0.abs() <= 1, "{text}");
        }
    }

    /// A server that is `ahead` of us and answers what `spoil` makes of its answer.
    async fn server(ahead: i64, spoil: fn(&mut [u8; 48])) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut question = [0; 48];
            while let Ok((_, from)) = socket.recv_from(&mut question).await {
                let mut answer = [0; 48];
                answer[0] = 4 << 3 | 4;
                answer[1] = 2;
                answer[24..32].copy_from_slice(&question[40..48]);
                let theirs = stamp(at("2026-11-23T00:00:00Z") + Millis(ahead));
                answer[32..40].copy_from_slice(&theirs);
                answer[40..48].copy_from_slice(&theirs);
                // One to another question comes first, and is not taken for ours.
                let mut other = answer;
                other[24] ^= 1;
                let _ = socket.send_to(&other, from).await;
                spoil(&mut answer);
                let _ = socket.send_to(&answer, from).await;
            }
        });
        address
    }

    #[tokio::test]
    async fn a_server_says_how_far_our_clock_is_off() {
        let now = || at("2026-11-23T00:00:00Z");
        let ask = |to| ask_at(to, Duration::from_secs(5), now);
        let answer = ask(server(-2_500, |_| {}).await).await.unwrap();
        assert!((answer.ahead.0 - 2_500).abs() <= 1 && !answer.unsure, "{answer:?}");
        assert!(ask(server(0, |answer| answer[0] |= 3 << 6).await).await.unwrap().unsure);
        let declined = ask(server(0, |answer| (answer[1], answer[12]) = (0, b'R')).await).await.unwrap_err();
        assert!(declined.to_string().contains("declined: R"), "{declined}");
    }

    #[tokio::test]
    async fn a_private_time_server_needs_a_permission() {
        let host = Host::parse("10.0.0.1").unwrap();
        let refused = ask(&Egress::default(), &host, Duration::from_secs(1), || Instant(0)).await.unwrap_err();
        assert!(matches!(refused, Cause::NotPermitted { .. }), "{refused}");
    }
}
