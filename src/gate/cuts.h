// Dimensions that the policy makes of those that the cases carry: numeric values in bins, and crosses of
// dimensions. Everything behind works on the result as if the logs had carried it.
#ifndef MINSLICE_GATE_CUTS_H_
#define MINSLICE_GATE_CUTS_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minslice/paired_table.h"
#include "minslice/segment_policy.h"

namespace minslice::gate {

inline constexpr char kCrossSign[] = " & ";  // between the keys in a cross's name, and between its values

// "<=512", ">512 to 4096", ">4096": each bin holds its upper edge. Edges ascending.
std::vector<std::string> BinNames(std::span<const double> edges);

bool HasCuts(const SegmentPolicy& policy);

struct Cuts {
  std::vector<Dimension> dimensions;  // ascending by name
  std::vector<std::string> warnings;  // values that are no number and so in no bin
};
// A binned dimension stands in place of the raw one; a cross is there if all its dimensions are. Its values
// are those that occur: "customer=acme & doc_length<=512".
Cuts CutDimensions(const SegmentPolicy& policy, std::span<const Dimension> dimensions);

// A table with the policy's dimensions; the given one itself, kept by reference, where the policy makes none.
class CutTable {
 public:
  CutTable(const SegmentPolicy& policy, const PairedTable& table);
  const PairedTable& table() const { return cut_ ? *cut_ : table_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  const PairedTable& table_;
  std::optional<PairedTable> cut_;
  std::vector<std::string> warnings_;
};

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_CUTS_H_
