// One consent through an OpenID client library that knows nothing of us: discovery, backchannel authentication, polling, token,
// over mTLS. Only the counter's own step, the passcode that the citizen reads out, is a call of ours.
//
// Arguments: the agencies' listener, the state folder of a demo, a citizen of it, the binary.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { compactVerify, createLocalJWKSet } from 'jose';
import { Agent, fetch as send } from 'undici';

const [server, state, citizen, binary] = process.argv.slice(2);
const file = (name) => readFileSync(`${state}/${name}`);
const mutual = (agency) =>
    new Agent({ connect: { ca: file('pki/server-ca.pem'), cert: file(`certs/${agency}.pem`), key: file(`certs/${agency}.key`) } });
const through = (dispatcher) => (url, options) =>
    send(url, { ...options, dispatcher, headers: { ...Object.fromEntries(new Headers(options?.headers)), 'ijazat-user': 'teller-1' } });
const bank = through(mutual('bank-indus'));

const discover = (agency) =>
    client.discovery(new URL(server), agency, undefined, client.TlsClientAuth(), { [client.customFetch]: bank });
const config = await discover('bank-indus');
const known = config.serverMetadata();
assert.deepEqual(known.backchannel_token_delivery_modes_supported, ['poll', 'ping']);
assert.equal(known.tls_client_certificate_bound_access_tokens, true);

const details = [{ type: 'urn:pk:ijazat:consent:1', purpose: 'KYC-101', datatypes: ['identity.name', 'identity.birth'] }];
const asked = {
    scope: 'openid consent', login_hint: `cnic:${citizen}`, binding_message: 'COUNTER-04', authorization_details: JSON.stringify(details),
};

// Who says it is another agency than its certificate's gets nowhere.
await assert.rejects(async () => client.initiateBackchannelAuthentication(await discover('telco-sarhad'), asked), (error) => {
    assert.equal(error.error, 'invalid_client');
    return true;
});

const waiting = await client.initiateBackchannelAuthentication(config, asked);
assert.equal(waiting.expires_in, 300);
const polled = client.pollBackchannelAuthenticationGrant(config, waiting);

// The citizen reads the passcode off the SMS to the teller, who types it in.
let passcode;
while (passcode === undefined) {
    const told = execFileSync(binary, ['sms', '--state', state, '--last', '5'], { encoding: 'utf8' });
    passcode = told.split('\n').filter((line) => line.includes(waiting.ref)).map((line) => line.match(/\b\d{6}\b/)?.[0])[0];
}
const given = await bank(new URL(`/bc-authorize/${waiting.auth_req_id}/pin`, server), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ pin: passcode }),
});
assert.equal(given.status, 200, await given.text());

const tokens = await polled;
const claims = tokens.claims();
assert.equal(claims.iss, new URL(server).origin);
assert.equal(claims.aud, 'bank-indus');
assert.deepEqual([...tokens.authorization_details[0].datatypes].sort(), [...details[0].datatypes].sort());
console.log(`openid-client: discovery, backchannel authentication, polling and token hold; the citizen is ${claims.sub}`);

// The token opens what was consented to, once, over the certificate that it was given to.
const ask = (agency) =>
    through(mutual(agency))(new URL('/v1/identity/kyc', server), {
        method: 'POST', body: JSON.stringify({ cnic: citizen }),
        headers: { 'content-type': 'application/json', 'ijazat-purpose': 'KYC-101', authorization: `Bearer ${tokens.access_token}` },
    });
const answer = await ask('bank-indus');
assert.equal(answer.status, 200, await answer.clone().text());
const { data } = await answer.json();
assert.ok(data.name && !data.address, 'what was asked for, and nothing else');
assert.equal((await ask('bank-indus')).status, 401, 'a token is used once');
console.log('openid-client: its token opened what the citizen allowed, once');

// The bank's receipt: each revision is signed by a published key and names the one before.
const shown = await bank(new URL(`/v1/consents/${tokens.consent_id}/receipt`, server));
assert.equal(shown.status, 200, await shown.clone().text());
const { data: { receipt, revisions } } = await shown.json();
const published = createLocalJWKSet(await (await bank(new URL('/jwks', server))).json());
let before;
for (const revision of revisions) {
    const { payload, protectedHeader } = await compactVerify(revision, published);
    assert.equal(protectedHeader.typ, 'consent-revision+jwt');
    assert.equal(JSON.parse(new TextDecoder().decode(payload)).predecessor, before);
    before = createHash('sha256').update(revision).digest('base64url');
}
assert.equal(receipt.pii_principal_id, claims.sub, 'the bank knows the citizen by one name');
console.log(`jose: the receipt's ${revisions.length} revisions hold`);
process.exit(0);
