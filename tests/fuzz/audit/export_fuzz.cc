// A hostile export: the verifier ends, and its numbers never claim more than is there. The seeds
// are sound, so what is found here starts from files that prove something. The same input is tried
// as a file and with its checksums mended, because a forger mends them.

#include <algorithm>
#include <string>

#include "audit/checkpoint.h"
#include "audit/frame.h"
#include "audit/verify.h"
#include "proto-parsers/base/check.h"

using namespace chaperone;

namespace {

const audit::PublicKey& collector() {
  static const audit::PublicKey key = [] {
    audit::Seed seed;
    seed.fill(0xC0);
    return audit::SigningKey(seed).public_key();
  }();
  return key;
}

std::string mended(Bytes file) {
  std::string out;
  while (file.size() > audit::kFrameHeadBytes) {
    std::size_t claimed = file[0] | static_cast<std::size_t>(file[1]) << 8;
    file = file.subspan(audit::kFrameHeadBytes);
    std::size_t size = std::min(std::max<std::size_t>(claimed, 1), file.size());
    audit::append_frame(out, file.first(size));
    file = file.subspan(size);
  }
  return out;
}

void check(Bytes file) {
  auto report = audit::verify_export(file, collector());
  CHECK(report.proven + report.unsigned_tail <= report.records);
  CHECK(!report.whole() || report.proven > 0);
  CHECK(report.breaks.size() <= audit::kBreaksMax && report.breaks.size() <= report.break_count);
  for (const auto& section : report.sections) {
    CHECK(section.proven == 0 || !section.enrolments.empty());
    CHECK(section.checkpoints <= section.proven);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes file(data, size);
  check(file);
  check(as_bytes(mended(file)));
  auto document = audit::decode_enrolment(file, collector());
  CHECK(!document || audit::read_enrolment(file).ok());
  return 0;
}
