//! One connection to the far end, bound as a transceiver.

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _};
use rusmpp::{pdus::BindTransceiver, types::COctetString, values::InterfaceVersion};
use rusmppc::{ConnectionBuilder, Event, error::Error};
use tokio::{task::JoinSet, time::timeout};

use super::{
    config::SmppConfig,
    limits::{CONNECT_TIMEOUT, PDU_BYTES_MAX},
    line::Line,
    wire::Wire,
};

/// A bound connection. Dropped, it is cut.
pub struct Connection {
    /// What sends.
    pub line: Line,
    /// What comes, and why it ended.
    pub events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    /// The one task that moves the octets.
    mover: JoinSet<()>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects and binds.
    ///
    /// # Errors
    /// Why it did not come about, in words without secrets.
    pub async fn open(config: &SmppConfig) -> Result<Self, String> {
        let wire =
            timeout(CONNECT_TIMEOUT, Wire::open(config)).await.map_err(|_| "connecting took too long".to_owned())??;
        let (client, events, moving) = ConnectionBuilder::new()
            .max_command_length(PDU_BYTES_MAX)
            .enquire_link_interval(config.enquire_link)
            .enquire_link_response_timeout(config.response_timeout)
            // Ours begins before the PDU is written, so that a far end that reads nothing holds nobody.
            .no_response_timeout()
            // The library would refuse to bind as anything but 5.0.
            .disable_interface_version_check()
            .no_spawn()
            .connected(wire);
        let mut mover = JoinSet::new();
        let (line, task) = Line::new(client, moving);
        mover.spawn(task);
        let mut connection = Self { line, events: Box::pin(events), mover };
        connection.bind(config).await?;
        Ok(connection)
    }

    async fn bind(&mut self, config: &SmppConfig) -> Result<(), String> {
        let bind = bind(config).ok_or_else(|| "the account does not fit into a bind".to_owned())?;
        match timeout(config.response_timeout, self.line.bind(bind)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Error::ConnectionClosed)) => match self.events.next().await {
                Some(Event::Error(error)) => Err(reason(&error)),
                _ => Err("the connection fell before the bind was answered".to_owned()),
            },
            Ok(Err(error)) => Err(reason(&error)),
            Err(_) => Err("the bind was not answered in time".to_owned()),
        }
    }

    /// Takes leave as the standard asks. A far end that hangs up on an unbind has understood it too.
    pub async fn unbind(mut self, config: &SmppConfig) {
        let leave = async {
            if self.line.unbind().await.is_ok() {
                self.mover.join_next().await;
            }
        };
        if timeout(config.response_timeout, leave).await.is_err() {
            tracing::info!("sms far end did not answer the unbind");
        }
    }
}

fn bind(config: &SmppConfig) -> Option<BindTransceiver> {
    Some(
        BindTransceiver::builder()
            .system_id(COctetString::from_string(config.system_id.clone()).ok()?)
            .password(COctetString::from_string(config.password.reveal().to_owned()).ok()?)
            .system_type(COctetString::from_string(config.system_type.clone()).ok()?)
            .interface_version(InterfaceVersion::from(config.version.octet()))
            .build(),
    )
}

/// Why a connection ended. Fixed words: the library's own may repeat what came over the wire.
#[must_use]
pub fn reason(error: &Error) -> String {
    match error {
        Error::UnexpectedResponse { response } => format!("the bind was refused: {:?}", response.status()),
        Error::EnquireLinkTimeout { .. } => "the far end gives no sign of life".to_owned(),
        Error::ConnectionClosedByPeer => "the far end hung up".to_owned(),
        Error::Decode(_) => "the far end sent what is not SMPP".to_owned(),
        Error::Io(error) => format!("the connection broke: {}", error.kind()),
        _ => "the connection fell".to_owned(),
    }
}
