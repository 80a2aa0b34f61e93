//! Whose a connection over the loopback is: the kernel's own table says it, so that another user of the machine cannot pass
//! for our browser.

use std::net::{IpAddr, SocketAddr};

/// The user that holds the other end of a connection from `peer` to `local`, both of IPv4; nothing where the kernel does not
/// say.
pub(super) fn owner(peer: SocketAddr, local: SocketAddr) -> Option<u32> {
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    find(&table, peer, local)
}

/// Whether this system can say it at all.
pub(super) const KNOWN: bool = cfg!(target_os = "linux");

fn find(table: &str, peer: SocketAddr, local: SocketAddr) -> Option<u32> {
    let (peer, local) = (written(peer)?, written(local)?);
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let ends = (fields.next()?, fields.next()?);
        // state, queues, timer, retransmissions
        (ends == (peer.as_str(), local.as_str())).then(|| fields.nth(4)?.parse().ok())?
    })
}

/// An end as the table writes it: the address as the machine keeps it, and the port.
fn written(end: SocketAddr) -> Option<String> {
    let IpAddr::V4(address) = end.ip() else { return None };
    Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(address.octets()), end.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_found_by_both_of_its_ends() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
                     0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0\n   \
                     1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 02:000A 00000000  1000        0 2 1 0 20 4\n";
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        if cfg!(target_endian = "little") {
            assert_eq!(find(table, at(50_000), at(8_080)), Some(1000));
            assert_eq!(find(table, at(50_001), at(8_080)), None);
        }
    }

    #[tokio::test]
    async fn our_own_connection_is_ours() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = listener.local_addr().unwrap();
        let stream = tokio::net::TcpStream::connect(local).await.unwrap();
        if KNOWN {
            assert_eq!(owner(stream.local_addr().unwrap(), local), super::super::pool::own_user());
        }
    }
}
