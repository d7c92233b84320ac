//! Who is calling, as phase 1 found out.

use std::{net::IpAddr, sync::Arc};

use crate::{
    catalogue::CallerKind,
    classification::{Channel, Role},
    cnic::Cnic,
    directory::{Agency, User},
    ids::AgencyId,
};

/// SHA-256 of a certificate in DER: what consent tokens are bound to (RFC 8705, `x5t#S256`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint(pub [u8; 32]);

impl std::fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Thumbprint({})", hex::encode(self.0))
    }
}

/// Who is calling.
#[derive(Clone, Debug)]
pub enum Caller {
    /// An agency's system, with or without a named user.
    Agency {
        /// The agency that the certificate maps to.
        agency: Arc<Agency>,
        /// The user that `Ijazat-User` names, who belongs to the agency.
        user: Option<Arc<User>>,
        /// Whether the user signed this very request.
        asserted: bool,
        /// The client certificate.
        certificate: Thumbprint,
    },
    /// A citizen's session.
    Citizen {
        /// The citizen.
        cnic: Cnic,
    },
    /// Anyone, on the public listener.
    Public,
    /// The short code.
    Sms,
    /// One of our own processes.
    Internal,
}

impl Caller {
    /// The kind, for the catalogue's first gate.
    #[must_use]
    pub fn kind(&self) -> CallerKind {
        match self {
            Self::Agency { .. } => CallerKind::Agency,
            Self::Citizen { .. } => CallerKind::Citizen,
            Self::Public => CallerKind::Public,
            Self::Sms => CallerKind::Sms,
            Self::Internal => CallerKind::Internal,
        }
    }

    /// The channel that this caller speaks on.
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Self::Agency { .. } => Channel::Api,
            Self::Citizen { .. } => Channel::Portal,
            Self::Public => Channel::Public,
            Self::Sms => Channel::Sms,
            Self::Internal => Channel::Internal,
        }
    }

    /// The agency, where there is one.
    #[must_use]
    pub fn agency(&self) -> Option<&Arc<Agency>> {
        match self {
            Self::Agency { agency, .. } => Some(agency),
            _ => None,
        }
    }

    /// The agency's name, where there is one.
    #[must_use]
    pub fn agency_id(&self) -> Option<&AgencyId> {
        self.agency().map(|agency| &agency.id)
    }

    /// The named user, where there is one.
    #[must_use]
    pub fn user(&self) -> Option<&Arc<User>> {
        match self {
            Self::Agency { user, .. } => user.as_ref(),
            _ => None,
        }
    }

    /// The role that the named user has in the agency; a bare client has the lowest.
    #[must_use]
    pub fn role(&self) -> Role {
        self.user().map_or(Role::Basic, |user| user.role)
    }
}

/// Everything about the peer that is fixed for one connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Address of the client as the listener saw it.
    pub address: IpAddr,
    /// The client certificate, where the listener demands one.
    pub certificate: Option<Arc<PeerCertificate>>,
}

/// What the door reads off a client certificate, once per connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// SHA-256 of the certificate in DER.
    pub thumbprint: Thumbprint,
    /// SHA-256 of its subject public key info, lower-case hex.
    pub spki_sha256: String,
    /// Serial number, lower-case hex without leading zeros.
    pub serial: String,
    /// Agency named by its SAN URI `urn:pk:ijazat:agency:<id>`.
    pub agency: Option<AgencyId>,
    /// First second of validity, Unix time.
    pub not_before_s: i64,
    /// Last second of validity, Unix time.
    pub not_after_s: i64,
}
