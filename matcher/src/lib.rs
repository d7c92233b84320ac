//! fingerprint, face, iris matching (not yet)
