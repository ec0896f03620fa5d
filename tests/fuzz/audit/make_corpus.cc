// Seeds for the fuzz targets, from the same samples as the unit tests.

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "audit/export.h"
#include "audit/segment.h"
#include "tests/unit/audit/sample.h"

namespace chaperone::audit {
namespace {

void write(const std::string& path, Bytes bytes) {
  std::ofstream(path, std::ios::binary) << as_text(bytes);
}

TestChain sample_chain() {
  TestChain chain(test_id(1), 2);
  chain.add("SELECT 1");
  chain.add("", RecordKind::kOutcome);
  chain.checkpoint();
  chain.add("DROP TABLE x");
  chain.checkpoint();
  chain.add("tail");
  return chain;
}

void records(const std::string& dir) {
  write(dir + "/every_field", every_field());
  write(dir + "/command", full_command());
  TestChain chain = sample_chain();
  for (std::size_t i = 0; i < chain.records().size(); ++i) {
    write(dir + "/chain_" + std::to_string(i), chain.records()[i]);
  }
}

void segments(const std::string& dir) {
  const std::uint64_t marker = 0x1122334455667788;
  TestChain chain = sample_chain();
  Buffer file(kSegmentHeaderBytes);
  write_segment_header({test_id(1), 1, 1, {}, marker, 5, test_id(2)}, file.data());
  for (const Buffer& record : chain.records()) {
    std::string entry(8, '\0');
    std::memcpy(entry.data(), &marker, 8);
    append_frame(entry, record);
    entry.resize(entry_bytes(record.size()));
    file.insert(file.end(), entry.begin(), entry.end());
  }
  file.resize(file.size() + 32);
  write(dir + "/sound", file);
  Buffer damaged = file;
  std::memset(damaged.data() + kSegmentHeaderBytes + 100, 'Z', 200);
  write(dir + "/damaged", damaged);
  std::memset(file.data(), 0, kSegmentHeaderBytes);
  write(dir + "/headless", file);
}

void exports(const std::string& dir) {
  TestChain chain = sample_chain();
  SigningKey collector = test_key(0xC0);
  auto document =
      encode_enrolment({chain.writer(), chain.key().public_key(), 1, {{"pod", "a"}}}, collector);
  std::string file;
  ExportWriter writer(file);
  writer.header("{}");
  writer.enrolment(document);
  writer.section(chain.writer());
  for (const Buffer& record : chain.records()) writer.record(record);
  writer.end();
  write(dir + "/sound", as_bytes(file));
  write(dir + "/enrolment", document);
  std::string altered = file;
  altered[file.size() / 2] ^= 1;
  write(dir + "/altered", as_bytes(altered));
  write(dir + "/cut", as_bytes(std::string_view(file).substr(0, file.size() / 2)));
}

}  // namespace
}  // namespace chaperone::audit

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: audit_corpus FOLDER\n"), 2;
  std::string dir = argv[1];
  chaperone::audit::records(dir + "/record");
  chaperone::audit::segments(dir + "/segment");
  chaperone::audit::exports(dir + "/export");
}
