// A line at the admin socket, and what explain makes of an answer.

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"
#include "sidecar/admin/explain.h"
#include "sidecar/admin/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chaperone;
  std::string line(as_text({data, size}));
  Result<admin::AdminRequest> request = admin::parse_admin_request(line);
  if (request.ok()) {
    Result<admin::AdminRequest> again =
        admin::parse_admin_request(admin::admin_request(request->command, request->arguments));
    CHECK(again.ok() && again->command == request->command);
  }
  std::string reply = admin::admin_reply(line);
  CHECK(reply.find('\n') == reply.size() - 1);
  Result<std::string> tables = admin::as_tables(line);
  if (!tables.ok()) return 0;
  for (unsigned char c : *tables) CHECK(c >= 0x20 || c == '\n');
  return 0;
}
