#include "proto-parsers/dns/response.h"

#include <algorithm>

#include "proto-parsers/base/byte_reader.h"
#include "proto-parsers/dns/limits.h"
#include "proto-parsers/dns/name.h"
#include "proto-parsers/dns/service_binding.h"

namespace chaperone::dns {

namespace {

constexpr std::uint16_t kIsResponse = 0x8000;
constexpr std::uint16_t kOpcode = 0x7800;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kRcode = 0x000f;
constexpr std::uint32_t kTtlMax = 0x7fffffff;

// Where names stand in the data of a type: behind `before` fixed bytes, `names` of them, and then
// `after` fixed bytes. Only these types may compress them (RFC 3597 section 4).
struct Layout {
  Type type;
  std::size_t before, names, after;
};
constexpr Layout kLayouts[] = {
    {Type::kNs, 0, 1, 0},  {Type::kCname, 0, 1, 0}, {Type::kPtr, 0, 1, 0},
    {Type::kMx, 2, 1, 0},  {Type::kSrv, 6, 1, 0},   {Type::kSoa, 0, 2, 20},
    {Type::kDname, 0, 1, 0},
};

// One record under reading.
struct Place {
  Bytes message;
  std::size_t begin = 0, end = 0;  // of its data
};

bool read_with_names(const Layout& layout, const Place& place, Record& record) {
  std::size_t at = place.begin;
  if (place.end - at < layout.before) return false;
  record.data = as_text(place.message.subspan(at, layout.before));
  at += layout.before;
  for (std::size_t i = 0; i < layout.names; ++i) {
    std::string name;
    // Cut at the data's end: a name may point backwards, never run on into the next record.
    if (!read_name(place.message.first(place.end), at, true, name)) return false;
    write_name(name, record.data);
    if (i == 0) record.target = name;
  }
  if (place.end - at != layout.after) return false;
  record.data += as_text(place.message.subspan(at, layout.after));
  return true;
}

bool read_data(const Place& place, Record& record) {
  const Bytes data = place.message.subspan(place.begin, place.end - place.begin);
  switch (record.type) {
    case Type::kA:
      record.data = as_text(data);
      return data.size() == 4;
    case Type::kAaaa:
      record.data = as_text(data);
      return data.size() == 16;
    case Type::kSvcb:
    case Type::kHttps:
      return read_service_binding(data, record.data, record.target);
    default:
      break;
  }
  const auto* layout = std::find_if(std::begin(kLayouts), std::end(kLayouts),
                                    [&](const Layout& l) { return l.type == record.type; });
  if (layout != std::end(kLayouts)) return read_with_names(*layout, place, record);
  record.data = as_text(data);
  return true;
}

// Moves behind the record. Records of another class, and those whose data does not read, are left
// out by an empty owner's sign: `taken` false.
bool read_record(Bytes message, std::size_t& position, Record& record, bool& taken) {
  if (!read_name(message, position, true, record.owner)) return false;
  ByteReader head(message.subspan(position));
  record.type = Type{head.take_u16()};
  const std::uint16_t of_class = head.take_u16();
  record.ttl_s = head.take_u32();
  if (record.ttl_s > kTtlMax) record.ttl_s = 0;
  const std::uint16_t size = head.take_u16();
  if (!head.ok() || head.size() < size) return false;
  const Place place{message, position + 10, position + 10 + size};
  position = place.end;
  taken = of_class == kClassIn && record.type != Type::kOpt;
  return !taken || read_data(place, record);
}

const char* read_section(Bytes message, std::size_t& position, std::size_t count,
                         std::vector<Record>& records) {
  if (count > kRecordsMax) return "response: too many records";
  for (std::size_t i = 0; i < count; ++i) {
    Record record;
    bool taken = false;
    if (!read_record(message, position, record, taken)) return "response: a broken record";
    if (taken) records.push_back(std::move(record));
  }
  return nullptr;
}

const Record* alias_of(const std::vector<Record>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Record& record) {
    return record.type == Type::kCname && record.owner == name;
  });
  return found == all.end() ? nullptr : &*found;
}

// RFC 1034 3.6.2: from the name that was asked for along its aliases to the records.
const char* follow(const Question& question, const std::vector<Record>& all, Answer& answer) {
  std::string name = question.name;
  while (const Record* alias = alias_of(all, name)) {
    if (question.type == Type::kCname) break;
    if (answer.records.size() == kAliasesMax) return "response: too many aliases";
    answer.records.push_back(*alias);
    name = alias->target;
  }
  for (const Record& record : all) {
    if (record.owner == name && record.type == question.type) answer.records.push_back(record);
  }
  return nullptr;
}

const Record* start_of_authority(const std::vector<Record>& authority, const Answer& answer,
                                 const Question& question) {
  const std::string& name =
      answer.records.empty() ? question.name : answer.records.back().target;
  for (const Record& record : authority) {
    if (record.type == Type::kSoa && is_within(name, record.owner)) return &record;
  }
  return nullptr;
}

bool has_type(const Answer& answer, Type type) {
  return std::any_of(answer.records.begin(), answer.records.end(),
                     [type](const Record& record) { return record.type == type; });
}

const char* read_sections(Bytes message, std::size_t position, std::size_t answers,
                          std::size_t authorities, Response& response) {
  std::vector<Record> all, authority;
  if (const char* reason = read_section(message, position, answers, all)) return reason;
  if (const char* reason = read_section(message, position, authorities, authority)) return reason;
  if (const char* reason = follow(response.question, all, response.answer)) return reason;
  if (has_type(response.answer, response.question.type)) return nullptr;
  if (const Record* soa = start_of_authority(authority, response.answer, response.question)) {
    response.answer.authority = *soa;
  }
  return nullptr;
}

}  // namespace

const char* read_response(Bytes message, Response& response) {
  response = {};
  ByteReader head(message);
  response.id = head.take_u16();
  const std::uint16_t flags = head.take_u16();
  const std::uint16_t questions = head.take_u16();
  const std::uint16_t answers = head.take_u16();
  const std::uint16_t authorities = head.take_u16();
  head.take_u16();  // the additional section is not read
  if (!head.ok()) return "response: shorter than its head";
  if (!(flags & kIsResponse)) return "response: a query";
  if (flags & kOpcode) return "response: not to a standard query";
  if (questions != 1) return "response: not one question";
  std::size_t position = kHeaderBytes;
  if (!read_name(message, position, false, response.question.name)) {
    return "response: a broken question";
  }
  ByteReader question(message.subspan(position));
  response.question.type = Type{question.take_u16()};
  if (question.take_u16() != kClassIn || !question.ok()) return "response: a broken question";
  response.truncated = flags & kTruncated;
  response.answer.rcode = Rcode{static_cast<std::uint8_t>(flags & kRcode)};
  if (response.truncated) return nullptr;
  return read_sections(message, position + 4, answers, authorities, response);
}

}  // namespace chaperone::dns
