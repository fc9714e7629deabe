"""One HTTP/1.1 request to a receiver, under a deadline; failures are values.

The layers, from the caller to the socket, and why each is there:

- `sender`: one call, one `Outcome`, whatever the receiver does.
- `requests.Session`: the interface that is given. It only finds the transport: what else it does
  (redirects, cookies, settings from the environment) is unwanted here, and costs time.
- `transport`: a `requests` adapter, since `HTTPAdapter` resolves the host itself, after the guard
  has checked it. Connects to checked addresses only, over a kept connection from `pool` if it can.
- `connection`, `connecting`, `tls`: open a connection to the first address that answers (RFC 8305);
  keep the facts of a certificate, refused ones too.
- `exchange`, `response_head`, `response_body`: HTTP/1.1 over the open connection. `http.client`
  fails where a receiver breaks the rules or answers early; here, what can be read counts.
- `socket_stream`: one deadline for all operations, where a socket's time-out is for each of them,
  and a budget for what is received.
"""
