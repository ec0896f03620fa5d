#pragma once
// Decoding of the fields that repeat. Each answers the rule that was broken, or null.

#include "audit/decoded.h"
#include "audit/wire.h"

namespace chaperone::audit {

const char* take_label(const Field& value, DecodedRecord& record);
const char* take_group(const Field& value, DecodedRecord& record);
const char* take_statement(const Field& value, DecodedRecord& record);
const char* take_parameter(const Field& value, DecodedRecord& record);

}  // namespace chaperone::audit
