"""How often is each word of a comparison right, and how often is it given falsely?"""
