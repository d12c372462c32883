#pragma once

#include <array>
#include <cstddef>

namespace vmafx::features {

// Sums over one frame at one scale, filled strip by strip. Blocks do not overlap: that is what
// makes it cheap.
class Level {
 public:
  // Rows are handed over in strips of this many, the last one may be shorter.
  static constexpr size_t kStrip = 8;

  // `block` divides kStrip.
  explicit Level(size_t block) : block_(block) {}

  // `rows` rows of `width` samples of each side, one row after the other.
  void AddStrip(const float* reference, const float* distorted, size_t width, size_t rows);

  // Visual information (Sheikh and Bovik, "Image information and visual quality", IEEE TIP 2006)
  // that the distorted side keeps of the reference's, 0 to about 1, by blocks instead of windows.
  double Information() const;
  // Structural similarity (Wang et al., IEEE TIP 2004), the mean over blocks.
  double Similarity() const;
  // Of the tenth of the blocks that are worst, the best one's structure term.
  double WorstSimilarity() const;
  // The share of the reference's edges that is left, after the detail loss measure of Li et al.,
  // IEEE TMM 2011: strong edges count more.
  double Detail() const;
  // The natural logarithm of one plus the mean strength of what was added to the edges.
  double Added() const;
  // Mean square error in 8-bit units.
  double SquareError() const;
  // Slope of the distorted side's samples over the reference's, within blocks; 1 without change.
  double Contrast() const;
  // Logarithm of the ratio of the sides' variance within blocks.
  double ActivityRatio() const;
  // Logarithm of one plus the reference's variance within blocks.
  double Texture() const;
  // How much more the distorted side jumps at every eighth column than elsewhere, against the same
  // of the reference, as a logarithm.
  double Blockiness() const;
  // Mean difference of the block's brightness, in 8-bit units.
  double Brightness() const;

 private:
  static constexpr size_t kBins = 64;

  struct BlockSums {
    double reference = 0;
    double distorted = 0;
    double reference_squares = 0;
    double distorted_squares = 0;
    double products = 0;
  };
  static BlockSums SumBlock(const float* reference, const float* distorted, size_t stride,
                            size_t width, size_t rows);
  void AddBlock(const BlockSums& sums, double count);
  void AddAcross(const float* reference, const float* distorted, size_t width);
  void AddDown(const float* reference, const float* distorted, size_t width);

  // Jumps from column to column: at every eighth one, and elsewhere.
  struct Jumps {
    double at_columns = 0;
    double elsewhere = 0;
    double Excess(double columns, double others) const;
  };

  size_t block_;
  double blocks_ = 0;
  double samples_ = 0;
  double kept_information_ = 0;
  double information_ = 0;
  double similarity_ = 0;
  std::array<double, kBins> structure_bins_{};
  double reference_variance_ = 0;
  double distorted_variance_ = 0;
  double covariance_ = 0;
  double brightness_ = 0;
  double square_error_ = 0;
  double edges_ = 0;
  double kept_edges_cubed_ = 0;
  double edges_cubed_ = 0;
  double added_ = 0;
  Jumps reference_jumps_;
  Jumps distorted_jumps_;
  double jumps_at_columns_ = 0;
  double jumps_elsewhere_ = 0;
};

}  // namespace vmafx::features
