#pragma once
// The bodies of frontend messages, one function for each layout. For FrontendParser alone.

#include "proto-parsers/postgres/frontend.h"

namespace chaperone::pg {

// Sets the fields of `message` from its type and body. The answer is null, or the rule that was
// broken, in the words of ParseError.
const char* read_frontend_body(FrontendMessage& message);

}  // namespace chaperone::pg
