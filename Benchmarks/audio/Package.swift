// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "AudioBenchmark",
    dependencies: [.package(name: "Glint", path: "../..")],
    targets: [
        .executableTarget(name: "AudioBenchmark", dependencies: [.product(name: "Audio", package: "Glint")], path: "Sources")
    ]
)
