//! A connection driven in the task of its probe. Not here: what is said over it.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Drives a connection until what is said over it has come to its end. No second task is allocated, scheduled and woken, and
/// the connection ends with the probe. An error of the connection reaches `talk` as well, so it is not lost.
pub(crate) async fn driven<T>(connection: impl Future, talk: impl Future<Output = T>) -> T {
    let (mut connection, mut talk) = (pin!(connection), pin!(talk));
    let mut open = true;
    poll_fn(|context| {
        if let Poll::Ready(reply) = talk.as_mut().poll(context) {
            return Poll::Ready(reply);
        }
        if open {
            open = connection.as_mut().poll(context).is_pending();
            return talk.as_mut().poll(context);
        }
        Poll::Pending
    })
    .await
}
