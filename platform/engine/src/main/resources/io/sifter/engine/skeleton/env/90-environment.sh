#!/bin/sh
# Variables of this container follow.
