#include "sidecar/session/prepared_names.h"

#include "proto-parsers/base/check.h"

namespace chaperone::session {
namespace {

// Settled changes are dropped in such lots, so that dropping costs little.
constexpr std::size_t kSettledMax = 64;

}  // namespace

BoundValues::BoundValues(std::span<const Parameter> parameters)
    : parameters_(parameters.begin(), parameters.end()) {
  std::size_t total = 0;
  for (const Parameter& parameter : parameters) total += parameter.value.size();
  if (total > kBytesMax) {
    parameters_.assign(parameters.size(), unreadable());
    return;
  }
  bytes_.reserve(total);  // so that it never moves
  for (Parameter& parameter : parameters_) {
    std::size_t at = bytes_.size();
    bytes_.append(as_text(parameter.value));
    parameter.value = as_bytes(bytes_).subspan(at);
  }
}

StatementPtr PreparedNames::statement(std::string_view name) const {
  for (std::size_t i = pending_.size(); i-- > settled_;) {
    if (!pending_[i].of_portal && pending_[i].name == name) return pending_[i].statement;
  }
  auto found = statements_.find(name);
  return found == statements_.end() ? nullptr : found->second;
}

std::optional<std::string_view> PreparedNames::text_of(std::string_view name) const {
  StatementPtr known = statement(name);
  if (!known || !reads_alike(*known)) return std::nullopt;
  return known->text;  // owned by the map or by a change that is still awaited
}

bool PreparedNames::reads_alike(const PreparedStatement& statement) const {
  if (statement.read_in_doubt) return false;
  return !statement.scope || statement.scope->facts().reading.standard_conforming_strings ==
                                 reading_.standard_conforming_strings;
}

PortalPtr PreparedNames::portal(std::string_view name) const {
  for (std::size_t i = pending_.size(); i-- > settled_;) {
    if (pending_[i].of_portal && pending_[i].name == name) return pending_[i].portal;
  }
  if (name.empty()) return unnamed_portal_;
  auto found = portals_.find(name);
  return found == portals_.end() ? nullptr : found->second;
}

void PreparedNames::change_statement(std::string_view name, StatementPtr statement) {
  if (statement) text_bytes_ += statement->text.size();
  pending_.push_back({false, std::string(name), std::move(statement), nullptr, group_});
  if (pending_.back().adds_name()) ++named_awaited_;
}

void PreparedNames::change_portal(std::string_view name, PortalPtr portal) {
  pending_.push_back({true, std::string(name), nullptr, std::move(portal), group_});
}

bool PreparedNames::unsettled(bool of_portal, std::string_view name) const {
  for (std::size_t i = pending_.size(); i-- > settled_;) {
    const Change& change = pending_[i];
    if (change.of_portal == of_portal && change.name == name) return change.group != group_;
  }
  return false;
}

bool PreparedNames::unsettled() const {
  return settled_ < pending_.size() && pending_[settled_].group != group_;
}

void PreparedNames::settle(bool confirmed) {
  CHECK(settled_ < pending_.size());
  Change& change = pending_[settled_++];
  if (change.adds_name()) --named_awaited_;
  if (!confirmed) {
    if (change.statement) text_bytes_ -= change.statement->text.size();
  } else if (change.of_portal && change.name.empty()) {
    unnamed_portal_ = std::move(change.portal);
  } else if (change.of_portal) {
    if (change.portal) portals_.insert_or_assign(std::move(change.name), std::move(change.portal));
    else portals_.erase(change.name);
  } else {
    confirm_statement(change);
  }
  // A pipeline that never rests must not keep its past.
  if (settled_ == pending_.size() || settled_ >= kSettledMax) {
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(settled_));
    settled_ = 0;
  }
}

void PreparedNames::confirm_statement(Change& change) {
  auto old = statements_.find(change.name);
  bool known = old != statements_.end();
  if (known) text_bytes_ -= old->second->text.size();
  StatementPtr& now = change.statement;
  if (known && now) old->second = std::move(now);
  else if (known) statements_.erase(old);
  else if (now) statements_.emplace(std::move(change.name), std::move(now));
}

void PreparedNames::end_portals() {
  unnamed_portal_.reset();
  portals_.clear();
}

std::vector<std::uint64_t> PreparedNames::unexecuted() const {
  std::vector<std::uint64_t> operations;
  if (unnamed_portal_ && !unnamed_portal_->executed) {
    operations.push_back(unnamed_portal_->operation);
  }
  for (const auto& [name, portal] : portals_) {
    if (!portal->executed) operations.push_back(portal->operation);
  }
  return operations;
}

void PreparedNames::replace_statements(std::map<std::string, StatementPtr, std::less<>> statements) {
  CHECK(settled_ == pending_.size());
  statements_ = std::move(statements);
  text_bytes_ = 0;
  for (const auto& [name, statement] : statements_) text_bytes_ += statement->text.size();
}

}  // namespace chaperone::session
