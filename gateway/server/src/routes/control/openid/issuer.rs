//! The issuer: where agencies reach their listener, as discovery names it and tokens say.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// `https://host` or `https://host:port`, without a slash at the end. Known for good once the listener stands.
#[derive(Clone, Debug)]
pub struct Issuer(Arc<ArcSwap<String>>);

impl Issuer {
    /// One that is known from the beginning.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(url.into())))
    }

    /// As it is now.
    #[must_use]
    pub fn url(&self) -> Arc<String> {
        self.0.load_full()
    }

    /// The listener stands on this port: its address is named with it, where it is not the usual one.
    pub fn listens(&self, host: &str, port: u16) {
        if port != 443 {
            self.0.store(Arc::new(format!("https://{host}:{port}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_holds_it_sees_the_port_and_none_where_it_is_the_usual_one() {
        let issuer = Issuer::new("https://localhost");
        let held = issuer.clone();
        issuer.listens("localhost", 443);
        assert_eq!(*held.url(), "https://localhost");
        issuer.listens("localhost", 8443);
        assert_eq!(*held.url(), "https://localhost:8443");
    }
}
