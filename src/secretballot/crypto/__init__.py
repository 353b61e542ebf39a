"""Hazardous material. Each file is one published standard, and knows nothing about voting.

.. danger:: These pieces are safe only in the order and with the checks that the rest of secretballot gives them.
   Use the recipes in :mod:`secretballot`; come here to read them, or to write another verifier.
"""
