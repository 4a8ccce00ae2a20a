/**
 * A certificate for 127.0.0.1 and localhost that nobody signed but itself, and its key: for tests, secret to nobody.
 *
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj "/CN=moe-loom test"
 * -addext "subjectAltName=DNS:localhost,IP:127.0.0.1"`
 */
export const SELF_SIGNED = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJwWN872Wa/oSfhWe
6YZkUdifbg23GhDIMrDugqzp0DOhRANCAAR0LZGmWQK4brLLglqoAmzN75uGWMlQ
zztbyGzdu8xlHCrEzx40m4AMrr6GvqIyeB6S105LHXfzXI+qpM99wtOc
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBojCCAUmgAwIBAgIUGPTtzjFAv4PHdnwMX95pecMGP8AwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNbW9lLWxvb20gdGVzdDAgFw0yNjExMjkxMjA2MDBaGA8yMTI2
MTEwNTEyMDYwMFowGDEWMBQGA1UEAwwNbW9lLWxvb20gdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABHQtkaZZArhussuCWqgCbM3vm4ZYyVDPO1vIbN27zGUc
KsTPHjSbgAyuvoa+ojJ4HpLXTksdd/Ncj6qkz33C05yjbzBtMB0GA1UdDgQWBBQT
QV8lAA9cT3lJeqlw4eNlho1vwjAfBgNVHSMEGDAWgBQTQV8lAA9cT3lJeqlw4eNl
ho1vwjAPBgNVHRMBAf8EBTADAQH/MBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAA
ATAKBggqhkjOPQQDAgNHADBEAiBJfOys0RxHecPqTgVEA3zxlp0FUsPB6Qwnp2WC
6icI/QIgex74CNnLDmZg4iJJb18a3H+hWUv5gdjSlD8w8x+rNEU=
-----END CERTIFICATE-----
`,
} as const;
