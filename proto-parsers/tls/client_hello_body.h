#pragma once
// The body of a ClientHello and the extensions that name things. For ClientHelloParser alone.

#include "proto-parsers/tls/client_hello.h"

namespace chaperone::tls {

// `body` is the handshake message without its 4 bytes of head. The answer is null, or the rule that
// was broken, in the words of ParseError.
const char* read_client_hello(Bytes body, ClientHello& hello);

}  // namespace chaperone::tls
