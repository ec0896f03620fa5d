#include "proto-parsers/postgres/startup.h"
#include "proto-parsers/postgres/writer.h"

namespace chaperone::pg {

void append_startup(std::string& out, std::uint16_t minor, std::span<const NameValue> parameters) {
  MessageWriter writer(out);
  writer.u16(3).u16(minor);
  for (const NameValue& parameter : parameters) writer.text(parameter.name).text(parameter.value);
  writer.u8(0);
}

void append_ssl_request(std::string& out) { MessageWriter(out).u16(1234).u16(5679); }

void append_cancel_request(std::string& out, std::uint32_t pid, Bytes secret) {
  MessageWriter(out).u16(1234).u16(5678).u32(pid).bytes(secret);
}

}  // namespace chaperone::pg
