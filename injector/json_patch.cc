#include "injector/json_patch.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "injector/own_parts.h"

namespace chaperone::injector {

namespace {
class Differ {
 public:
  void diff(const std::string& path, const Json& before, const Json& after) {
    if (before.IsObject() && after.IsObject()) return diff_objects(path, before, after);
    if (before.IsArray() && after.IsArray()) return diff_arrays(path, before, after);
    if (before != after) operation("replace", path, &after);
  }
  std::string take() { return "[" + out_ + "]"; }

 private:
  void operation(const char* name, const std::string& path, const Json* value) {
    if (!out_.empty()) out_ += ',';
    out_ += std::string(R"({"op":")") + name + R"(","path":)" + in_quotes(path);
    if (value) out_ += R"(,"value":)" + to_text(*value);
    out_ += '}';
  }
  void diff_objects(const std::string& path, const Json& before, const Json& after);
  void diff_arrays(const std::string& path, const Json& before, const Json& after);
  void diff_keyed(const std::string& path, const Json& before, const Json& after, const char* key);

  std::string out_;
};

std::string below(const std::string& path, const Json& name) {
  return path + "/" + pointer_token({name.GetString(), name.GetStringLength()});
}

void Differ::diff_objects(const std::string& path, const Json& before, const Json& after) {
  // The documents are a copy and its original, so members mostly stand in the same order.
  std::vector<bool> matched(after.MemberCount(), false);
  std::size_t next = 0;
  for (const auto& one : before.GetObject()) {
    auto found = after.MemberBegin() + static_cast<std::ptrdiff_t>(next);
    if (next >= matched.size() || found->name != one.name) found = after.FindMember(one.name);
    if (found == after.MemberEnd()) {
      operation("remove", below(path, one.name), nullptr);
      continue;
    }
    next = static_cast<std::size_t>(found - after.MemberBegin());
    matched[next++] = true;
    diff(below(path, one.name), one.value, found->value);
  }
  for (std::size_t i = 0; i < matched.size(); ++i) {
    auto added = after.MemberBegin() + static_cast<std::ptrdiff_t>(i);
    if (!matched[i]) operation("add", below(path, added->name), &added->value);
  }
}

// Whether every element is an object with a text of its own under `key`.
bool keyed_by(const Json& array, const char* key) {
  std::unordered_set<std::string_view> seen;
  for (const Json& one : array.GetArray()) {
    std::string_view name = text_of(member(&one, key));
    if (name.empty() || !seen.insert(name).second) return false;
  }
  return true;
}

void Differ::diff_arrays(const std::string& path, const Json& before, const Json& after) {
  for (const char* key : {"mountPath", "name"}) {
    if (keyed_by(before, key) && keyed_by(after, key)) return diff_keyed(path, before, after, key);
  }
  if (before != after) operation("replace", path, &after);
}

void Differ::diff_keyed(const std::string& path, const Json& before, const Json& after,
                        const char* key) {
  auto name = [&](const Json& one) { return text_of(member(&one, key)); };
  std::unordered_set<std::string_view> kept;
  for (const Json& one : after.GetArray()) kept.insert(name(one));
  std::vector<const Json*> now;
  for (const Json& one : before.GetArray()) now.push_back(&one);
  for (std::size_t i = now.size(); i-- > 0;) {
    if (kept.contains(name(*now[i]))) continue;
    operation("remove", path + "/" + std::to_string(i), nullptr);
    now.erase(now.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::vector<const Json*> unmoved(after.Size(), nullptr);
  for (std::size_t i = 0; i < after.Size(); ++i) {
    const Json& wanted = after[static_cast<rapidjson::SizeType>(i)];
    if (i < now.size() && name(*now[i]) == name(wanted)) {
      unmoved[i] = now[i];
      continue;
    }
    auto behind = std::find_if(now.begin() + static_cast<std::ptrdiff_t>(std::min(i, now.size())),
                               now.end(),
                               [&](const Json* one) { return name(*one) == name(wanted); });
    if (behind != now.end()) {
      operation("remove", path + "/" + std::to_string(behind - now.begin()), nullptr);
      now.erase(behind);
    }
    operation("add", path + "/" + std::to_string(i), &wanted);
    now.insert(now.begin() + static_cast<std::ptrdiff_t>(i), &wanted);
  }
  for (std::size_t i = 0; i < unmoved.size(); ++i) {
    if (unmoved[i])
      diff(path + "/" + std::to_string(i), *unmoved[i], after[static_cast<rapidjson::SizeType>(i)]);
  }
}
}  // namespace

std::string json_patch(const Json& before, const Json& after) {
  Differ differ;
  differ.diff("", before, after);
  return differ.take();
}

}  // namespace chaperone::injector
