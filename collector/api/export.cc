// An export streams: memory stays at one page of records however long the run is. What is damaged
// in the store is left out, so that the rest is had, and verify names what is missing.
#include "audit/export.h"
#include "audit/text.h"
#include "collector/api/borrowed.h"
#include "collector/api/parameters.h"
#include "collector/json.h"

namespace chaperone::collector {

namespace {
// Walks the ranges; each call appends one page of records.
class ExportStream {
 public:
  using OnError = std::function<bool(const RecordRow&, const Error&)>;  // true: go on without it
  ExportStream(std::unique_ptr<Query> query, std::vector<ExportRange> ranges, std::string header,
               OnError on_error)
      : query_(std::move(query)),
        on_error_(std::move(on_error)),
        ranges_(std::move(ranges)),
        header_(std::move(header)),
        writer_(out_) {}

  Result<bool> next(std::string& out) {
    out_.clear();
    auto more = step();
    out += out_;
    return more;
  }

 private:
  Result<bool> step() {
    if (!begun_) {
      begun_ = true;
      writer_.header(header_);
      return true;
    }
    if (range_ == ranges_.size()) {
      writer_.end();
      return false;
    }
    const ExportRange& range = ranges_[range_];
    query_->set_deadline_ms(kQueryMsMax);
    if (after_ == 0) {
      after_ = range.first_sequence - 1;
      auto documents = query_->enrolments(range.writer_id);
      if (!documents) return documents.error();
      for (const std::string& document : *documents) writer_.enrolment(as_bytes(document));
      writer_.section(range.writer);
    }
    return records(range);
  }

  Result<bool> records(const ExportRange& range) {
    constexpr std::int64_t kRowsPerPiece = 256;
    auto rows = query_->range_rows(range, after_, kRowsPerPiece);
    if (!rows) return rows.error();
    for (const RecordRow& row : *rows) {
      auto bytes = query_->record(row);
      if (!bytes && !on_error_(row, bytes.error())) return bytes.error();
      if (bytes) writer_.record(as_bytes(*bytes));
    }
    if (rows->empty()) {
      ++range_;
      after_ = 0;
      return true;
    }
    after_ = rows->back().sequence;
    return true;
  }

  std::unique_ptr<Query> query_;
  OnError on_error_;
  std::vector<ExportRange> ranges_;
  std::string header_, out_;
  audit::ExportWriter writer_;
  bool begun_ = false;
  std::size_t range_ = 0;
  std::int64_t after_ = 0;
};
}  // namespace

HttpReply Api::export_trail(const HttpRequest& request) {
  auto known = check_parameters(request, {"session", "writer", "from", "to"});
  if (!known) return error_reply(400, "parameter", known.error().message);
  auto filter = parse_filter(request, {});
  if (!filter) return error_reply(400, "parameter", filter.error().message);
  // A connection of its own: the answer outlives this call.
  auto query = borrow();
  if (!query) return error_reply(503, "store", query.error().message);
  auto ranges = (*query)->export_ranges(*filter);
  if (!ranges) return failed(**query, ranges.error());
  if (ranges->empty()) return error_reply(404, "nothing", "no record matches; nothing to export");
  JsonOut json;
  json.open('{').field("made", rfc3339(wall_now_ns())).field("by", request.token->name);
  json.field("query", std::string_view(request.query_text).substr(0, kParameterBytesMax));
  json.field("collector", audit::hex(parts_.key.public_key())).close('}');
  HttpReply reply;
  reply.type = "application/vnd.chaperone.export";
  for (const ExportRange& range : *ranges)
    reply.items += range.last_sequence - range.first_sequence + 1;
  auto on_error = [this](const RecordRow& row, const Error& error) { return damaged(row, error); };
  auto stream =
      std::make_shared<ExportStream>(std::move(*query), std::move(*ranges), json.take(), on_error);
  reply.stream = [stream](std::string& out) { return stream->next(out); };
  return reply;
}

}  // namespace chaperone::collector
