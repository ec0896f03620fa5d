#pragma once
// Client encodings differ in one thing that matters for safety: in some, the second byte of a
// character may be an ASCII backslash or quote, so that a statement reads differently to who does
// not know the encoding.

#include <string_view>

namespace chaperone::pg {

// Whether every byte of a multi-byte character has its high bit set in this encoding, so that ASCII
// bytes are always themselves. The name as in client_encoding, any case, any of the server's
// aliases; false for SJIS, BIG5, GBK, UHC, GB18030, JOHAB, and for every name not known here.
bool client_encoding_is_safe(std::string_view name);

}  // namespace chaperone::pg
