#pragma once
// The form in which a password enters SCRAM (RFC 4013, as libpq and the server apply it).

#include <string_view>

#include "sidecar/session/secret.h"

namespace chaperone {

// ASCII stays as it is, and so does what is not valid UTF-8. In other text the spaces of Unicode
// become ' ' and invisible characters go. Limit (docs): text is not normalised to NFKC, so a
// password must be written in that form, as keyboards do; "e" with a separate accent is not.
Secret saslprep(std::string_view password);

}  // namespace chaperone
