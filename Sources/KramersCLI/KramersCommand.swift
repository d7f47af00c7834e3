import Kramers

@main
struct KramersCommand {
  static func main() {}
}
