#include "io/diagnostics.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace minslice::io {
namespace {

constexpr std::size_t kKept = 10000;

}  // namespace

void Diagnostics::Add(SourcePosition where, std::string message) {
  if (list_.size() >= kKept) {
    ++uncounted_;
    return;
  }
  list_.push_back({std::move(where), std::move(message)});
}

void Diagnostics::AddAll(const Failure& failure) {
  for (const Diagnostic& diagnostic : failure.diagnostics) Add(diagnostic.where, diagnostic.message);
}

Failure Diagnostics::ToFailure(std::size_t cap) const {
  std::map<std::string, std::size_t> order;
  for (const Diagnostic& diagnostic : list_) order.try_emplace(diagnostic.where.file, order.size());
  std::vector<Diagnostic> sorted = list_;
  std::stable_sort(sorted.begin(), sorted.end(), [&order](const Diagnostic& a, const Diagnostic& b) {
    return std::make_tuple(order.at(a.where.file), a.where.line, a.where.column) <
           std::make_tuple(order.at(b.where.file), b.where.line, b.where.column);
  });
  if (sorted.size() + uncounted_ > cap) {
    const std::size_t shown = std::min(cap, sorted.size());
    const std::size_t more = sorted.size() + uncounted_ - shown;
    sorted.resize(shown);
    Diagnostic rest;
    rest.message = "... and " + std::to_string(more) + (more == 1 ? " more error" : " more errors");
    sorted.push_back(std::move(rest));
  }
  return Failure{Failure::Kind::kInput, std::move(sorted)};
}

}  // namespace minslice::io
