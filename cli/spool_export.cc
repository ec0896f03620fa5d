#include "cli/spool_export.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include "audit/export.h"
#include "audit/segment.h"

namespace chaperone::cli {

namespace {
namespace fs = std::filesystem;

std::optional<std::string> read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Segments are numbered with leading zeros or without: order by length, then by text.
std::vector<fs::path> segments_of(const std::string& dir) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    if (entry.path().extension() == ".segment") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    std::string x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return paths;
}

// The present key's, and those of the keys before it: `enrolment`, `enrolment.<key>`.
std::vector<std::string> enrolments_of(const std::string& dir) {
  std::vector<std::string> documents;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    std::string name = entry.path().filename().string();
    bool ours = name == "enrolment" || (name.starts_with("enrolment.") && !name.ends_with(".new"));
    if (!ours) continue;
    if (auto document = read_whole(entry.path())) documents.push_back(std::move(*document));
  }
  return documents;
}

std::uint32_t length_at(Bytes file, std::size_t offset) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i)
    length |= static_cast<std::uint32_t>(file[offset + i]) << (8 * i);
  return length;
}

// What stands where an entry should be, if its length still makes sense: the altered record.
std::optional<Bytes> altered_record(Bytes file, const audit::Damage& damage) {
  constexpr std::size_t kMarkerBytes = 8;
  auto offset = static_cast<std::size_t>(damage.offset);
  if (damage.bytes <= audit::kEntryHeadBytes) return {};
  std::size_t length = length_at(file, offset + kMarkerBytes);
  if (length == 0 || audit::kEntryHeadBytes + length > damage.bytes) return {};
  return file.subspan(offset + audit::kEntryHeadBytes, length);
}

void append_damaged(std::string& out, Bytes record) {
  std::string payload(1, static_cast<char>(audit::ExportTag::kRecord));
  payload += as_text(record);
  std::size_t frame = out.size();
  audit::append_frame(out, as_bytes(payload));
  out[frame + 4] =
      static_cast<char>(out[frame + 4] ^ 1);  // its checksum holds here no more than there
}

void append_segment(Bytes file, std::uint64_t marker, audit::ExportWriter& writer,
                    std::string& out) {
  audit::SegmentReader reader(file, marker, audit::SegmentReader::Mode::kWhole);
  while (true) {
    switch (reader.next()) {
      case audit::SegmentStep::kRecord:
        writer.record(reader.record());
        break;
      case audit::SegmentStep::kDamage:
        if (auto record = altered_record(file, reader.damage())) append_damaged(out, *record);
        break;
      case audit::SegmentStep::kEnd:
        return;
    }
  }
}
}  // namespace

Result<std::string> spool_as_export(const std::string& dir) {
  auto paths = segments_of(dir);
  if (paths.empty()) return Error{dir + " holds no segments; is it a sidecar's spool folder?"};
  std::string out;
  audit::ExportWriter writer(out);
  writer.header("{\"made_from\":\"a spool folder\"}");
  auto enrolments = enrolments_of(dir);
  if (enrolments.empty()) {
    return Error{
        dir +
        " holds no enrolment: this sidecar never reached a collector, so nothing can be proven"};
  }
  for (const std::string& enrolment : enrolments) writer.enrolment(as_bytes(enrolment));
  bool in_section = false;
  for (const fs::path& path : paths) {
    auto content = read_whole(path);
    if (!content)
      return Error{"cannot read " + path.string() + "; the spool belongs to the sidecar's user"};
    Bytes file = as_bytes(*content);
    auto header = audit::read_segment_header(file);
    auto marker = header ? std::optional(header->marker) : audit::marker_of_first_entry(file);
    if (header && !in_section) {
      writer.section(header->writer);
      in_section = true;
    }
    if (marker && in_section) append_segment(file, *marker, writer, out);
  }
  writer.end();
  return out;
}

}  // namespace chaperone::cli
