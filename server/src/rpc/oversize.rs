//! A message above the limit is refused by the transport before any of our code sees it. This layer gives that refusal
//! its stable reason.

use std::pin::Pin;
use std::task::{Context, Poll};

use florin_proto::v1::refusal::Reason;
use http::Response;
use tonic::{Code, Status};
use tower::{Layer, Service};

/// Adds `MESSAGE_TOO_LARGE` to the transport's refusal of a large message.
#[derive(Debug, Clone, Copy)]
pub struct OversizeLayer {
    /// The limit, to tell it.
    pub limit_bytes: usize,
}

impl<S> Layer<S> for OversizeLayer {
    type Service = Oversize<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Oversize { inner, limit_bytes: self.limit_bytes }
    }
}

/// The service that [`OversizeLayer`] makes.
#[derive(Debug, Clone)]
pub struct Oversize<S> {
    inner: S,
    limit_bytes: usize,
}

impl<S, Q, B> Service<Q> for Oversize<S>
where
    S: Service<Q, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Q) -> Self::Future {
        let limit_bytes = self.limit_bytes;
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            let headers = response.headers_mut();
            if headers.get(Status::GRPC_STATUS).is_some_and(|code| code == "11")
                && !headers.contains_key(Status::GRPC_STATUS_DETAILS)
            {
                let refused = too_large(limit_bytes);
                // Fails only for a message that is no header value, which ours is.
                let _ = refused.add_header(headers);
                response.extensions_mut().insert(refused);
            }
            Ok(response)
        })
    }
}

fn too_large(limit_bytes: usize) -> Status {
    let limit = [("limit_bytes", limit_bytes.to_string())];
    let message = format!("the message is larger than {limit_bytes} bytes: send it in parts");
    let status = super::fault::status(Reason::MessageTooLarge, message, limit);
    debug_assert_eq!(status.code(), Code::OutOfRange);
    status
}
