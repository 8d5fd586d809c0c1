.PHONY: help setup build test bench format lint

help: ## list of targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: ## Debian packages, OpenVINO and the release binary
	@./glint setup

build: setup ## same as setup; quick if nothing changed

test: ## set up, build and run every test
	@Scripts/swift build --build-tests
	@Scripts/swift test --skip-build --disable-xctest

bench: ## time every stage of the pipeline
	@./glint bench pipeline

format: ## format the Swift sources in place
	@swift format --in-place --recursive --parallel Sources Tests Package.swift

lint: ## report changes that format would make
	@swift format lint --strict --recursive --parallel Sources Tests Package.swift
