//! The lines that a newcomer can type while the demo's gateway stays up; README holds the same ones.

use std::{fmt::Write as _, path::Path};

use exchange::cnic::Cnic;

/// Lines for a shell in the folder where the demo was started. `binary` is how `ijazat` is called there.
#[must_use]
pub fn lines(state: &Path, binary: &str, agency: u16, public: u16, citizen: Cnic) -> String {
    let (state, citizen) = (state.display(), citizen.digits());
    let mut text = String::new();
    let mut add = |comment: &str, line: String| {
        // Writing to a String cannot fail.
        let _ = write!(text, "# {comment}\n{line}\n\n");
    };
    add(
        "The bank's certificate and one of its users, for the lines below",
        format!(
            "S={state}\nbank() {{ curl -sS --cacert $S/pki/server-ca.pem --cert $S/certs/bank-indus.pem \\\n    \
             --key $S/certs/bank-indus.key -H 'Ijazat-User: teller-1' \"$@\"; echo; }}"
        ),
    );
    add("Who is the bank to the exchange?", format!("bank https://localhost:{agency}/v1/self/whoami"));
    add(
        "Who is this citizen? Refused: the citizen has not consented",
        format!(
            "bank https://localhost:{agency}/v1/identity/kyc -H 'Ijazat-Purpose: KYC-101' \\\n    --json '{{\"cnic\":\"{citizen}\"}}'"
        ),
    );
    add(
        "Ask the citizen",
        format!(
            "ASKED=$(bank https://localhost:{agency}/bc-authorize --data-urlencode 'scope=openid consent' \\\n    \
             --data-urlencode 'login_hint=cnic:{citizen}' --data-urlencode 'authorization_details=[{{\"type\":\"urn:pk:ijazat:consent:1\",\"purpose\":\"KYC-101\",\"datatypes\":[\"identity.name\",\"identity.birth\"]}}]')\n\
             echo \"$ASKED\"; ID=$(echo \"$ASKED\" | sed 's/.*\"auth_req_id\":\"\\([^\"]*\\)\".*/\\1/')"
        ),
    );
    add(
        "The citizen reads the passcode off the SMS to the teller, who types it in",
        format!(
            "{binary} sms --state $S --last 1\nPIN=$({binary} sms --state $S --last 1 | grep -oE '\\b[0-9]{{6}}\\b' | head -1)\n\
             bank https://localhost:{agency}/bc-authorize/$ID/pin --json \"{{\\\"pin\\\":\\\"$PIN\\\"}}\""
        ),
    );
    add(
        "Fetch the token and ask again: answered once, with a receipt",
        format!(
            "TOKEN=$(bank https://localhost:{agency}/token --data-urlencode 'grant_type=urn:openid:params:grant-type:ciba' \\\n    \
             --data-urlencode \"auth_req_id=$ID\" | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n\
             bank -i https://localhost:{agency}/v1/identity/kyc -H 'Ijazat-Purpose: KYC-101' \\\n    \
             -H \"Authorization: Bearer $TOKEN\" --json '{{\"cnic\":\"{citizen}\"}}'"
        ),
    );
    looking_back(&mut add, agency, public, binary, &citizen);
    text
}

/// What the record shows afterwards: to the bank, an auditor, whoever holds the files, anyone.
fn looking_back(add: &mut impl FnMut(&str, String), agency: u16, public: u16, binary: &str, citizen: &str) {
    add(
        "The bank asks for the proof that its last answer stands in the log",
        format!(
            "PLACE=$(bank -i https://localhost:{agency}/v1/self/whoami | sed -n 's/^ijazat-receipt: \"[^\"]*\\/\\([0-9]*\\)\".*/\\1/p')\n\
             bank https://localhost:{agency}/v1/receipts/$PLACE"
        ),
    );
    let bank = format!(
        "--receipts $S/receipts.txt \\\n    --server https://localhost:{agency} --ca $S/pki/server-ca.pem \
         --cert $S/certs/bank-indus.pem --key $S/certs/bank-indus.key"
    );
    add(
        "With a client that keeps the receipt of each answer it can do so each night, and check its bill by that",
        format!(
            "{binary} client call GET /v1/self/whoami {bank}\n\
             {binary} bill keys --state $S >$S/keys.txt\n\
             {binary} client evidence --leaves $S/leaves.ndjson --keys $S/keys.txt {bank}"
        ),
    );
    add(
        "An auditor asks who looked at that citizen",
        format!(
            "curl -sS --cacert $S/pki/server-ca.pem --cert $S/certs/auditor-general.pem \\\n    \
             --key $S/certs/auditor-general.key -H 'Ijazat-User: auditor-1' -H 'Ijazat-Purpose: AUD-501' \\\n    \
             https://localhost:{agency}/v1/audit/accesses --json '{{\"cnic\":\"{citizen}\"}}'; echo"
        ),
    );
    add(
        "Whoever holds the files verifies the whole log, also while it grows",
        format!("{binary} verify-log --state $S"),
    );
    add(
        "Anyone may read a published report, and the signed state of the access log",
        format!(
            "curl -sS --cacert $S/pki/server-ca.pem https://localhost:{public}/v1/reports/persons-by-province; echo\n\
             curl -sS --cacert $S/pki/server-ca.pem https://localhost:{public}/v1/log/checkpoint; echo"
        ),
    );
}

#[cfg(test)]
#[path = "curl_tests.rs"]
mod tests;
