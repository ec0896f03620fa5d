#pragma once
// Events in words, for transcripts: every field that an event's type sets.

#include <string>

#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/frontend.h"
#include "proto-parsers/postgres/ledger.h"
#include "proto-parsers/postgres/startup.h"

namespace chaperone::pg {

std::string describe(const StartupPacket& packet);
std::string describe(const FrontendMessage& message);
std::string describe(const BackendMessage& message);
std::string describe(const Answer& answer);
std::string describe(const Finished& finished);

}  // namespace chaperone::pg
