/**
 * A certificate for 127.0.0.1 alone that nobody signed but itself, and its key: for tests, secret to nobody.
 *
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj "/CN=moe-loom test"
 * -addext "subjectAltName=IP:127.0.0.1"`
 */
export const SELF_SIGNED = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/wDknZuI2ZaqLqYc
lbQ8O/93Zf96fcnRXbJYt03xwCChRANCAASMM1KOb0gDu/4507zSboHm6J6SM4x9
AkiBlzdFP67XUIFw02CMW2kdvRj0y0i1H+leU090M5UmwCWYpA1N4SYZ
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBlzCCAT6gAwIBAgIUAbpl6wkHxFknEiN9VBaylJtVhzYwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNbW9lLWxvb20gdGVzdDAgFw0yNjExMjkxMjQ5NDVaGA8yMTI2
MTEwNTEyNDk0NVowGDEWMBQGA1UEAwwNbW9lLWxvb20gdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABIwzUo5vSAO7/jnTvNJugebonpIzjH0CSIGXN0U/rtdQ
gXDTYIxbaR29GPTLSLUf6V5TT3QzlSbAJZikDU3hJhmjZDBiMB0GA1UdDgQWBBRc
RTfzcNp75sVjx3i9i1Y94BeXZTAfBgNVHSMEGDAWgBRcRTfzcNp75sVjx3i9i1Y9
4BeXZTAPBgNVHRMBAf8EBTADAQH/MA8GA1UdEQQIMAaHBH8AAAEwCgYIKoZIzj0E
AwIDRwAwRAIgAikLcnkJVKWm7zlHHyLW5L3E75tGieKHin5fjN2GbuwCIAK2an8k
qRU723vcvl0BVEz+HkhyKrffLLoNKC63wHXX
-----END CERTIFICATE-----
`,
} as const;
