#pragma once
// Domain names: on the wire labels with lengths and pointers (RFC 1035 3.1, 4.1.4), here lower-case
// text without the trailing dot; the root is the empty text.
//
// A label may hold letters, digits, '-' and '_'. Others are legal on the wire, but two readers may
// disagree on what they spell (a dot inside a label is the classic), so a name that holds one is
// refused as a whole.

#include <cstddef>
#include <string>
#include <string_view>

#include "proto-parsers/base/bytes.h"

namespace chaperone::dns {

// Reads the name at `position` of `message` and moves behind it. False where it is broken, holds a
// byte that is not taken, or points anywhere but strictly backwards. `pointers`: whether
// compression is allowed here (a question and the names of newer types have none).
bool read_name(Bytes message, std::size_t& position, bool pointers, std::string& name);

// Appends the name without compression. REQUIRES: is_name(name).
void write_name(std::string_view name, std::string& out);

// Lower-case text that read_name could have given.
bool is_name(std::string_view name);

// True where `name` is `zone` or lies below it; everything lies below the root.
bool is_within(std::string_view name, std::string_view zone);

}  // namespace chaperone::dns
