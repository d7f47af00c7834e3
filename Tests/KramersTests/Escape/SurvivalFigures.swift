/// Printed by Tests/Fixtures/make_survival.py; do not edit.
struct SurvivalFigures {
  let name: String
  let first, second: [(Double, Bool)]
  let every: Double
  let chiSquare, p: Double
  /// Low and high, of each sample.
  let medians: [(Double, Double)]
  let rates: [Double]
  let ratio, ratioLow, ratioHigh: Double
  let horizon: Double
  let means: [Double]
  /// By the bootstrap.
  let errors: [Double]

  static let all: [SurvivalFigures] = [
    SurvivalFigures(
      name: "remission",
      first: [
        (6, true), (6, true), (6, true), (6, false), (7, true), (9, false), (10, true), (10, false),
        (11, false), (13, true), (16, true), (17, false), (19, false), (20, false), (22, true),
        (23, true), (25, false), (32, false), (32, false), (34, false), (35, false),
      ],
      second: [
        (1, true), (1, true), (2, true), (2, true), (3, true), (4, true), (4, true), (5, true),
        (5, true), (8, true), (8, true), (8, true), (8, true), (11, true), (11, true), (12, true),
        (12, true), (15, true), (17, true), (22, true), (23, true),
      ],
      every: 0, chiSquare: 16.792940989216547, p: 4.168809109334511e-05,
      medians: [(13.0, .infinity), (4.0, 11.0)],
      rates: [0.02506965149698125, 0.11538461538783013],
      ratio: 0.2172701912131271, ratioLow: 0.09449342692583802, ratioHigh: 0.4600084284152156,
      horizon: 35.0, means: [23.287394957983185, 8.666666666666666],
      errors: [2.8240812714916537, 1.3882152843622493]),
    SurvivalFigures(
      name: "exact, one budget",
      first: [
        (107.303, true), (30.845, true), (150, false), (36.643, true), (11.536, true), (150, false),
        (49.864, true), (55.142, true), (2.971, true), (76.407, true), (104.146, true),
        (23.06, true), (150, false), (20.862, true), (78.626, true), (12.876, true), (92.29, true),
        (46.236, true), (68.874, true), (150, false), (111.451, true), (89.878, true), (150, false),
        (150, false), (116.584, true), (32.861, true), (143.471, true), (15.775, true),
        (150, false), (23.594, true), (150, false), (150, false), (31.992, true), (150, false),
        (4.782, true), (135.568, true), (119.66, true), (5.923, true), (110.369, true),
        (150, false),
      ],
      second: [
        (20.778, true), (35.005, true), (82.157, true), (113.198, true), (150, false), (150, false),
        (39.618, true), (27.918, true), (80.904, true), (92.027, true), (150, false),
        (57.057, true), (148.332, true), (150, false), (70.762, true), (150, false), (150, false),
        (150, false), (11.903, true), (24.592, true), (14.041, true), (99.643, true), (150, false),
        (150, false), (125.625, true), (150, false), (150, false), (150, false), (88.879, true),
        (80.84, true), (34.831, true), (60.786, true), (150, false), (136.33, true), (150, false),
        (115.304, true), (59.659, true), (150, false), (150, false), (150, false), (150, false),
        (47.467, true), (92.803, true), (150, false), (74.981, true), (17.604, true), (150, false),
        (40.278, true), (41.647, true), (12.949, true),
      ],
      every: 0, chiSquare: 1.741296771033353, p: 0.18697460113636427,
      medians: [(46.236, 116.584), (74.981, .infinity)],
      rates: [0.008505421367013878, 0.0060631574897817165],
      ratio: 1.4028046643090302, ratioLow: 0.8390823259437168, ratioHigh: 2.341782106114223,
      horizon: 150.0, means: [85.239725, 98.95836000000001],
      errors: [8.789765253822512, 7.054574023008507]),
    SurvivalFigures(
      name: "looks of a tenth",
      first: [
        (80, true), (160, true), (560, true), (920, true), (160, true), (120, true), (200, true),
        (80, true), (440, true), (40, true), (200, true), (1000, false), (120, true), (520, true),
        (240, true), (840, true), (400, true), (600, true), (120, true), (80, true), (40, true),
        (480, true), (360, true), (520, true), (280, true), (240, true), (240, true), (240, true),
        (40, true), (880, true), (600, true), (40, true), (600, true), (1000, false), (120, true),
        (320, true), (80, true), (520, true), (880, true), (400, true), (560, true), (480, true),
        (320, true), (720, true), (160, true), (840, true), (1000, false), (80, true), (960, true),
        (320, true), (240, true), (120, true), (1000, false), (80, true), (600, true), (280, true),
        (1000, false), (480, true), (1000, false), (120, true),
      ],
      second: [
        (960, true), (120, true), (840, true), (40, true), (240, true), (200, true), (160, true),
        (400, true), (200, true), (400, true), (240, true), (240, true), (40, true), (400, true),
        (1000, false), (240, true), (320, true), (80, true), (120, true), (720, true), (1000, true),
        (200, true), (40, true), (400, true), (640, true), (120, true), (200, true), (40, true),
        (80, true), (120, true), (80, true), (1000, false), (40, true), (320, true), (40, true),
        (280, true), (480, true), (480, true), (560, true), (160, true), (40, true), (40, true),
        (360, true), (120, true), (240, true), (360, true), (400, true), (160, true), (240, true),
        (40, true), (880, true), (80, true), (200, true), (200, true), (200, true), (160, true),
        (600, true), (160, true), (360, true), (280, true),
      ],
      every: 40, chiSquare: 4.428331437620698, p: 0.035347046996633755,
      medians: [(240.0, 480.0), (160.0, 280.0)],
      rates: [0.002247769254306066, 0.003377219568725828],
      ratio: 0.6655679915651027, ratioLow: 0.45848400901858494, ratioHigh: 0.9646033126210863,
      horizon: 1000.0, means: [400.6666666666668, 286.66666666666674],
      errors: [41.62275008133574, 35.461892145732385]),
    SurvivalFigures(
      name: "looks of half",
      first: [
        (400, true), (200, true), (300, true), (200, true), (100, true), (100, true), (200, true),
        (100, true), (100, true), (300, true), (300, true), (300, true), (100, true), (500, true),
        (300, true), (500, true), (200, true), (100, true), (100, true), (200, true), (500, true),
        (100, true), (100, true), (200, true), (100, true), (200, true), (300, true), (100, true),
        (400, true), (100, true), (500, true), (200, true), (100, true), (200, true), (300, true),
        (200, true), (100, true), (300, true), (300, true), (100, true), (100, true), (100, true),
        (500, true), (300, true), (100, true), (200, true), (100, true), (300, true), (300, true),
        (200, true), (200, true), (300, true), (100, true), (100, true), (600, true), (300, true),
        (300, true), (100, true), (200, true), (100, true), (100, true), (300, true), (500, true),
        (200, true), (500, true), (100, true), (200, true), (500, true), (100, true), (600, true),
        (200, true), (200, true), (500, true), (700, true), (400, true), (100, true), (400, true),
        (800, true), (200, true), (200, true),
      ],
      second: [
        (300, true), (100, true), (200, true), (200, true), (300, true), (500, true), (400, true),
        (100, true), (100, true), (100, true), (500, true), (100, true), (700, true), (400, true),
        (100, true), (100, true), (100, true), (200, true), (800, false), (200, true), (200, true),
        (100, true), (600, true), (300, true), (300, true), (100, true), (700, true), (100, true),
        (200, true), (400, true), (200, true), (100, true), (200, true), (200, true), (600, true),
        (800, false), (600, true), (200, true), (100, true), (100, true), (500, true), (100, true),
        (800, false), (600, true), (200, true), (100, true), (200, true), (600, true), (400, true),
        (100, true),
      ],
      every: 100, chiSquare: 3.191576713646252, p: 0.07401858788997877,
      medians: [(200.0, 300.0), (200.0, 300.0)],
      rates: [0.005010216216273391, 0.0036992017062981355],
      ratio: 1.3544047513401636, ratioLow: 0.9465177410300765, ratioHigh: 1.9597166522389762,
      horizon: 800.0, means: [203.75000000000006, 257.0],
      errors: [18.290217843153222, 32.47264227007097]),
    SurvivalFigures(
      name: "few escapes",
      first: [
        (200, false), (200, false), (200, false), (200, false), (200, false), (200, false),
        (20, true), (200, false), (200, false), (200, false), (200, false), (200, false),
        (200, false), (200, false), (200, false), (200, false), (200, false), (200, false),
        (200, false), (200, false), (160, true), (130, true), (200, false), (200, false),
        (200, false), (200, false), (200, false), (200, false), (200, false), (50, true),
      ],
      second: [
        (200, false), (200, false), (200, false), (200, false), (200, false), (200, false),
        (200, false), (70, true), (30, true), (200, false), (200, false), (200, false), (80, true),
        (200, false), (200, false), (200, false), (160, true), (200, false), (200, false),
        (200, false), (200, false), (50, true), (200, false), (200, false), (10, true),
        (200, false), (200, false), (140, true), (200, false), (200, false),
      ],
      every: 10, chiSquare: 1.0102621077186094, p: 0.314840054308615,
      medians: [(.infinity, .infinity), (.infinity, .infinity)],
      rates: [0.0007220286423913684, 0.001371226186453625],
      ratio: 0.5265541357081144, ratioLow: 0.13794183941734003, ratioHigh: 1.7435038376120642,
      horizon: 200.0, means: [184.66666666666666, 170.16666666666666],
      errors: [7.8305619760724126, 10.860944801085317]),
    SurvivalFigures(
      name: "no escape in the first",
      first: [
        (200, false), (200, false), (200, false), (200, false), (200, false), (200, false),
        (200, false), (200, false), (200, false), (200, false), (200, false), (200, false),
        (200, false), (200, false), (200, false), (200, false), (200, false), (200, false),
        (200, false), (200, false), (200, false), (200, false), (200, false), (200, false),
        (200, false), (200, false), (200, false), (200, false), (200, false), (200, false),
      ],
      second: [
        (200, false), (150, true), (200, false), (200, false), (200, false), (200, false),
        (200, false), (200, false), (10, true), (110, true), (200, false), (50, true), (10, true),
        (200, false), (70, true), (200, false), (130, true), (100, true), (200, false),
        (200, false), (200, false), (200, true), (200, false), (200, false), (200, false),
        (50, true), (200, false), (200, false), (130, true), (200, false),
      ],
      every: 10, chiSquare: 13.346148500080911, p: 0.00025895391663540476,
      medians: [(.infinity, .infinity), (150.0, .infinity)],
      rates: [0.0, 0.0023134575406612706],
      ratio: 0.0, ratioLow: 0.0, ratioHigh: 0.15118997634547407,
      horizon: 200.0, means: [200.0, 158.49999999999997],
      errors: [0.0, 12.12375642992807]),
  ]
}
