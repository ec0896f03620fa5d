#pragma once
// Bytes from 0x80 up in what a client sends and a server tells. Names are compared with the
// catalogue's and the policy's, which are UTF-8: a name in any other encoding would be a stranger,
// and pass every rule that names it.

#include <string_view>

#include "sidecar/session/server_settings.h"

namespace chaperone::session {

// Whether text of this session is the UTF-8 that it is compared with. SQL_ASCII passes bytes as
// they are, and the server checks that they are what its database's encoding says.
bool text_is_utf8(const ServerSettings& settings);
inline constexpr std::string_view kEncodingHint =
    "SET client_encoding TO 'UTF8', or send it as a bound value";

// Null where the server and we read the same names out of `text`; else why not, for the refusal.
// A database that is not UTF-8 itself counts a name's 63 bytes in its own encoding and folds single
// bytes by its locale: there a name, a function's body or an escape that makes characters stays
// ASCII, and string constants do not matter.
const char* unreadable_text(std::string_view text, const ServerSettings& settings);

bool is_ascii(std::string_view text);

// Whether schemas of the search path and the role were told in UTF-8 or ASCII.
inline constexpr std::string_view kNamesUnreadable =
    "under this client_encoding the search path or the role cannot be read; use UTF8";
bool names_readable(const ServerSettings& settings);

}  // namespace chaperone::session
